import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseProperties } from './java-properties.ts';

export interface SparkDefaults {
  readonly settings: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
}

/** spark-defaults.conf as spark-submit reads it: values trimmed, keys of others left out. */
export const readSparkDefaults = (confDir: string | null): SparkDefaults => {
  const file = confDir === null ? null : join(confDir, 'spark-defaults.conf');
  if (file === null || !existsSync(file)) return { settings: {}, warnings: [] };
  const settings: Record<string, string> = {};
  const warnings: string[] = [];
  for (const [key, value] of parseProperties(readFileSync(file, 'utf8'))) {
    if (key.startsWith('spark.')) settings[key] = value.trim();
    else warnings.push(`${file}: ${key} is not a setting of Spark and is ignored`);
  }
  return { settings, warnings };
};
