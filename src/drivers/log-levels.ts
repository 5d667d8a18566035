/** Libra's own classes log at the server's level, Spark and its libraries from warnings on. */
export const logLevels = (level: string): readonly string[] => {
  const own = level === 'silent' ? 'off' : level;
  const others = ['error', 'fatal', 'off'].includes(own) ? own : 'warn';
  return [`-Dlibra.log.level=${own}`, `-Dlibra.log.rootLevel=${others}`];
};
