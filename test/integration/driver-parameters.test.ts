import { beforeAll, describe, expect, it } from 'vitest';
import type { SqlParameter } from '../../src/domain/job.ts';
import { HOSTS } from '../support/hosts.ts';
import { failure, query, type RealDriver } from '../support/real-driver.ts';

type Bound = readonly [
  value: SqlParameter['value'],
  type: string | null,
  column: string,
  text: string,
];

const VALUES: readonly Bound[] = [
  [5, null, 'int', '5'],
  [3_000_000_000, null, 'bigint', '3000000000'],
  [1.5, null, 'double', '1.5'],
  [true, null, 'boolean', 'true'],
  [null, null, 'void', 'null'],
  ["x'; DROP TABLE t --", null, 'string', "x'; DROP TABLE t --"],
  ['2024-02-29', 'date', 'date', '2024-02-29'],
  ['2024-02-29 10:00:00', 'TIMESTAMP', 'timestamp', '2024-02-29 10:00:00'],
  ['12345678901234567890.12', 'decimal(22,2)', 'decimal(22,2)', '12345678901234567890.12'],
  [0.1, 'decimal(10,2)', 'decimal(10,2)', '0.10'],
  ['9223372036854775807', 'bigint', 'bigint', '9223372036854775807'],
  [7, 'string', 'string', '7'],
  [null, 'date', 'date', 'null'],
];

describe.each(HOSTS)('parameters of the $name driver', ({ open }) => {
  let real: RealDriver;
  beforeAll(async () => {
    real = await open();
  });

  it.each(VALUES)('binds %s as %s', async (value, type, column, text) => {
    const result = await query(real, 'SELECT :p AS p', {
      parameters: [{ name: 'p', value, type }],
    });
    expect(result.text).toBe(`Schema: struct<p:${column}>\n\n[${text}]\n`);
  });

  it('binds several, in a condition', async () => {
    const parameters = [
      { name: 'low', value: 3, type: null },
      { name: 'high', value: 5, type: 'bigint' },
    ];
    const code = 'SELECT id FROM range(10) WHERE id BETWEEN :low AND :high ORDER BY id';
    expect((await query(real, code, { parameters })).text).toContain('[3]\n[4]\n[5]\n');
  });

  it.each([
    ['today', 'date', 'CAST_INVALID_INPUT'],
    ['1', 'dat', 'the type dat is not known'],
    ['1', 'array<int>', 'cannot be given as JSON'],
    ['123456', 'decimal(4,2)', 'NUMERIC_VALUE_OUT_OF_RANGE'],
  ])('fails by name when %s is no %s', async (value, type, reason) => {
    const error = await failure(real, 'SELECT :p', { parameters: [{ name: 'p', value, type }] });
    expect(error.code).toBe('SQL_ANALYSIS');
    expect(error.message).toContain('Parameter :p');
    expect(error.message).toContain(reason);
  });

  it('says which marker has no value', async () => {
    const error = await failure(real, 'SELECT :missing');
    expect(error).toMatchObject({ code: 'SQL_ANALYSIS', errorClass: 'UNBOUND_SQL_PARAMETER' });
  });
});
