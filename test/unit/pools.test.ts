import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Problem } from '../../src/domain/errors.ts';
import { FairschedulerError, parseFairscheduler } from '../../src/pools/fairscheduler.ts';
import { PoolService } from '../../src/pools/pool-service.ts';

const parse = (xml: string) => parseFairscheduler(xml, 'pools.xml');
const faultsOf = (xml: string): string => {
  try {
    parse(xml);
  } catch (error) {
    expect(error).toBeInstanceOf(FairschedulerError);
    return (error as Error).message;
  }
  throw new Error('no fault');
};

describe('parseFairscheduler', () => {
  test('the file that comes with the server holds the four pools', () => {
    const file = new URL('../../config/fairscheduler.xml', import.meta.url);
    expect(parse(readFileSync(file, 'utf8'))).toEqual([
      { name: 'default', schedulingMode: 'FAIR', weight: 1, minShare: 2 },
      { name: 'high-priority', schedulingMode: 'FAIR', weight: 3, minShare: 4 },
      { name: 'low-priority', schedulingMode: 'FAIR', weight: 0.5, minShare: 1 },
      { name: 'interactive', schedulingMode: 'FIFO', weight: 2, minShare: 2 },
    ]);
  });

  test('what a pool leaves out is as in Spark, and default is always there', () => {
    expect(parse('<allocations><pool name="a"/></allocations>')).toEqual([
      { name: 'default', schedulingMode: 'FIFO', weight: 1, minShare: 0 },
      { name: 'a', schedulingMode: 'FIFO', weight: 1, minShare: 0 },
    ]);
  });

  test('the mode is read in either case, as Spark does', () => {
    const xml =
      '<allocations><pool name="a"><schedulingMode>fair</schedulingMode></pool></allocations>';
    expect(parse(xml)[1]?.schedulingMode).toBe('FAIR');
  });

  test('every fault is named with its line', () => {
    const xml = `<?xml version="1.0"?>
<allocations>
  <pool name="a b">
    <weight>-1</weight>
    <minShare>many</minShare>
  </pool>
  <pool name="c">
    <weight>0.555</weight>
    <schedulingMode>LIFO</schedulingMode>
    <color>red</color>
  </pool>
  <pool name="c"/>
  <pond/>
</allocations>`;
    const lines = faultsOf(xml).split('\n');
    expect(lines.map((line) => /line (\d+)/.exec(line)?.[1])).toEqual([
      '3',
      '4',
      '5',
      '8',
      '9',
      '10',
      '12',
      '13',
    ]);
    expect(lines[1]).toBe(
      'pools.xml, line 4: weight "-1" is not a number above 0 with two decimal places at most',
    );
  });

  test.each([
    ['', 'line 1'],
    ['<allocations>\n<pool name="a"></allocations>', 'line 2'],
    ['\n<pools/>', 'line 2: <allocations> is expected'],
    ['<allocations><pool/></allocations>', 'the name of a pool is'],
    ['<allocations><pool name="a"><weight>0</weight></pool></allocations>', 'weight "0"'],
  ])('%j is refused', (xml, message) => {
    expect(faultsOf(xml)).toContain(message);
  });
});

describe('PoolService', () => {
  const pools = parse('<allocations><pool name="a"><weight>0.5</weight></pool></allocations>');
  const service = new PoolService(pools, (pool) => ({ running: pool === 'a' ? 2 : 0, queued: 1 }));

  test('shows the load of each pool', async () => {
    expect((await service.list()).map(({ name, running }) => [name, running])).toEqual([
      ['default', 0],
      ['a', 2],
    ]);
    expect(await service.get('a')).toMatchObject({ weight: 0.5, running: 2, queued: 1 });
  });

  test('an unknown pool is not there', async () => {
    await expect(service.get('b')).rejects.toSatisfy(
      (error) => error instanceof Problem && error.code === 'NOT_FOUND',
    );
  });
});
