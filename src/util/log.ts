type Line = (fields: object, message: string) => void;

/** What the core needs of a logger; pino's fits. */
export interface Log {
  readonly debug: Line;
  readonly info: Line;
  readonly warn: Line;
  readonly error: Line;
}
