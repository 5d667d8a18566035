import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/config/config-error.ts';
import { parseFairscheduler } from '../../src/pools/fairscheduler.ts';

const parse = (xml: string) => parseFairscheduler(xml, 'pools.xml');
const faultsOf = (xml: string): readonly string[] => {
  try {
    parse(xml);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.faults.map(({ where, message }) => `${where}: ${message}`);
  }
  throw new Error('no fault');
};
const inside = (pool: string): string => `<allocations>\n${pool}\n</allocations>`;
const withChild = (child: string): string => inside(`<pool name="a">${child}</pool>`);

const UNLIMITED = { maxRunning: null, maxQueued: null };

describe('fairscheduler.xml', () => {
  test('that comes with the server holds the four pools', () => {
    const file = new URL('../../config/fairscheduler.xml', import.meta.url);
    expect(parse(readFileSync(file, 'utf8'))).toEqual([
      { name: 'default', schedulingMode: 'FAIR', weight: 1, minShare: 2, ...UNLIMITED },
      { name: 'high-priority', schedulingMode: 'FAIR', weight: 3, minShare: 4, ...UNLIMITED },
      { name: 'low-priority', schedulingMode: 'FAIR', weight: 0.5, minShare: 1, ...UNLIMITED },
      { name: 'interactive', schedulingMode: 'FIFO', weight: 2, minShare: 2, ...UNLIMITED },
    ]);
  });

  test('leaves out what Spark leaves out, and default is always there', () => {
    const left = { schedulingMode: 'FIFO', weight: 1, minShare: 0, ...UNLIMITED };
    expect(parse('<allocations><pool name="a"/></allocations>')).toEqual([
      { name: 'default', ...left },
      { name: 'a', ...left },
    ]);
  });

  test('may have quotas, a mode in either case, and comments', () => {
    const xml = withChild(`
      <!-- <!DOCTYPE x> & more -->
      <schedulingMode> fair </schedulingMode><weight>12.25</weight>
      <maxRunning>3</maxRunning><maxQueued>0</maxQueued>`);
    expect(parse(xml)[1]).toEqual({
      name: 'a',
      schedulingMode: 'FAIR',
      weight: 12.25,
      minShare: 0,
      maxRunning: 3,
      maxQueued: 0,
    });
  });

  test('is told all its faults, each with its line', () => {
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
  <pool/>
</allocations>`;
    expect(faultsOf(xml)).toEqual([
      'pools.xml, line 13: <pond> is not known: pool',
      'pools.xml, line 4: weight "-1" is not a number above 0 and below 1000000 with two decimal places at most',
      'pools.xml, line 5: minShare "many" is not a whole number from 0 to 1000000',
      'pools.xml, line 3: the name "a b" is not a letter or digit, then up to 63 letters, digits, underscores or hyphens',
      'pools.xml, line 8: weight "0.555" is not a number above 0 and below 1000000 with two decimal places at most',
      'pools.xml, line 9: schedulingMode "LIFO" is not FAIR or FIFO',
      'pools.xml, line 10: <color> is not known: schedulingMode, weight, minShare, maxRunning, maxQueued',
      'pools.xml, line 12: the pool "c" is there twice',
      'pools.xml, line 14: a pool needs the attribute name',
    ]);
  });

  test.each([
    ['nothing', '', /line 1: /],
    ['no XML', 'pools:\n  - a', /line 1: /],
    ['a tag that is not closed', '<allocations>\n<pool name="a"></allocations>', /line 2: /],
    ['another root', '\n<pools/>', /line 2: <allocations> is expected/],
    ['a DOCTYPE', '<!DOCTYPE a>\n<allocations/>', /line 1: a DOCTYPE is not accepted/],
    [
      'a DOCTYPE with entities',
      '<?xml version="1.0"?>\n<!doctype a [\n<!ENTITY b "3">]>\n<allocations/>',
      /line 2: a DOCTYPE is not accepted/,
    ],
    ['an entity', withChild('<weight>&three;</weight>'), /line 2: entities .* are not accepted/],
    ['a known entity', inside('\n<pool name="a&amp;b"/>'), /line 3: entities/],
    ['a number as entity', withChild('<weight>&#51;</weight>'), /line 2: entities/],
    ['no name', inside('<pool/>'), /line 2: a pool needs the attribute name/],
    ['an empty name', inside('<pool name=""/>'), /line 2: the name "" is not a letter or digit/],
    ['two of a name', inside('<pool name="a"/>\n<pool name="a"/>'), /line 3: .* is there twice/],
    ['weight 0', withChild('<weight>0</weight>'), /line 2: weight "0" is not a number above 0/],
    ['weight 0.00', withChild('<weight>0.00</weight>'), /weight "0.00"/],
    [
      'weight -1',
      withChild('\n<weight>-1</weight>'),
      /line 3: weight "-1" is not a number above 0/,
    ],
    ['weight abc', withChild('<weight>abc</weight>'), /line 2: weight "abc" is not a number above/],
    ['weight 1e2', withChild('<weight>1e2</weight>'), /weight "1e2"/],
    ['a weight too large', withChild('<weight>1000000</weight>'), /weight "1000000"/],
    ['an empty weight', withChild('<weight/>'), /weight ""/],
    ['two weights', withChild('<weight>1</weight><weight>2</weight>'), /<weight> is there twice/],
    ['a name of JavaScript', withChild('\n<constructor>1</constructor>'), /line 3: the name "con/],
    ['an attribute of JavaScript', inside('<pool constructor="a"/>'), /line 2: the name "con/],
    ['a name that objects have', withChild('<toString>1</toString>'), /toString> is not known/],
    ['a minShare of halves', withChild('<minShare>0.5</minShare>'), /minShare "0.5"/],
    ['a pool that never runs', withChild('<maxRunning>0</maxRunning>'), /maxRunning "0"/],
    ['a wrong maxQueued', withChild('<maxQueued>-1</maxQueued>'), /maxQueued "-1"/],
    [
      'a value as attribute',
      inside('<pool name="a" weight="3"/>'),
      /the attribute weight is not known/,
    ],
    [
      'too many pools',
      inside(Array.from({ length: 200 }, (_, n) => `<pool name="p${n}"/>`).join('\n')),
      /line 201: with "default" there are more than 200 pools/,
    ],
  ])('with %s is refused', (_, xml, expected) => {
    const faults = faultsOf(xml);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(expected);
    expect(faults[0]).toMatch(/^pools\.xml, line \d+: /);
  });

  test('holds as many pools as there may be', () => {
    const pools = Array.from({ length: 199 }, (_, n) => `<pool name="p${n}"/>`).join('\n');
    expect(parse(inside(pools))).toHaveLength(200);
  });
});
