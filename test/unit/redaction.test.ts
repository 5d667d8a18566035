import { describe, expect, it } from 'vitest';
import { isSecretKey, REDACTED, redact } from '../../src/domain/redaction.ts';

describe('redaction of settings', () => {
  it.each([
    'spark.hadoop.fs.s3a.secret.key',
    'spark.hadoop.fs.s3a.access.key',
    'spark.ssl.keyPassword',
    'spark.my.TOKEN',
    'fs.azure.account.credential',
    'aws_access_key_id',
  ])('hides the value of %s', (key) => {
    expect(redact({ [key]: 'hush' })).toEqual({ [key]: REDACTED });
  });

  it('leaves other settings, and the given map, as they are', () => {
    const settings = { 'spark.sql.shuffle.partitions': '4', 'spark.password': 'hush' };
    expect(redact(settings)['spark.sql.shuffle.partitions']).toBe('4');
    expect(settings['spark.password']).toBe('hush');
  });

  it('goes by the pattern of the operator', () => {
    expect(isSecretKey('spark.pin', 'pin')).toBe(true);
    expect(isSecretKey('spark.password', 'pin')).toBe(false);
  });
});
