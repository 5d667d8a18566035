type Settings = Readonly<Record<string, string>>;

interface Limit {
  readonly key: RegExp;
  /** Null when this value can be given effect. */
  readonly fault: (value: string) => string | null;
}

const always = (reason: string) => (): string => reason;
const when = (wrong: RegExp, reason: string) => (value: string) =>
  wrong.test(value.trim()) ? reason : null;

/** What spark-submit would do and a driver inside the server cannot. */
const LIMITS: readonly Limit[] = [
  {
    key: /^spark\.submit\.deployMode$/,
    fault: when(/^(?!client$)/i, 'the driver lives in this server, so it can only be "client"'),
  },
  {
    key: /^spark\.driver\.userClassPathFirst$/,
    fault: when(/^true$/i, 'Spark and Libra share one JVM, so its own classes come first'),
  },
  {
    key: /^spark\.(kerberos|yarn)\.(keytab|principal)$/,
    fault: always('Libra does not log in to Kerberos; run kinit for the account of the server'),
  },
  {
    key: /^spark\.remote$|^spark\.api\.mode$/,
    fault: when(/^(?!classic$)/i, 'Libra is the driver itself and no client of Spark Connect'),
  },
];

/** Meant for drivers that a cluster starts; spark-submit does not heed them in client mode either. */
const WITHOUT_EFFECT =
  /^spark\.driver\.(cores|memoryOverhead|memoryOverheadFactor|supervise)$|^spark\.kubernetes\.driver\.(limit|request)\./;

const MASTER =
  /^(local(\[(\*|0*[1-9]\d*)(\s*,\s*\d+)?\])?|local-cluster\[.+\]|spark:\/\/.+|k8s:\/\/.+|yarn)$/;

/** Settings that cannot be given effect, each with its reason. */
export const unsupportedSettings = (settings: Settings): readonly string[] =>
  Object.entries(settings).flatMap(([key, value]) =>
    LIMITS.filter((limit) => limit.key.test(key)).flatMap((limit) => {
      const reason = limit.fault(value);
      return reason === null ? [] : [`${key}: ${reason}`];
    }),
  );

export const settingsWithoutEffect = (settings: Settings): readonly string[] =>
  Object.keys(settings)
    .filter((key) => WITHOUT_EFFECT.test(key))
    .map((key) => `${key} has no effect: it is for drivers that a cluster starts`);

export const masterFaults = (master: string, hadoopConfigured: boolean): readonly string[] => {
  if (!MASTER.test(master)) {
    return [
      `spark.master: "${master}" is none of local, local[N], local[*], spark://…, k8s://… and yarn`,
    ];
  }
  return master === 'yarn' && !hadoopConfigured
    ? ['spark.master: yarn needs HADOOP_CONF_DIR or YARN_CONF_DIR']
    : [];
};
