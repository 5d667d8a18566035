import { describe, expect, it } from 'vitest';
import { childSettings, submitSettings } from '../../src/drivers/child/child-settings.ts';

const PORTS = { slot: 0, driver: 41_000, blockManager: 41_001, ui: 41_002, retries: 9 };
const SERVER = {
  'spark.master': 'local[2]',
  'spark.app.name': 'libra',
  'spark.app.id': 'app-1',
  'spark.driver.host': '10.0.0.7',
  'spark.driver.bindAddress': '0.0.0.0',
  'spark.driver.port': '7078',
  'spark.driver.blockManager.port': '7079',
  'spark.ui.port': '4040',
  'spark.driver.memory': '2g',
};

describe('the settings of a child', () => {
  it('have a place of their own and all else of the server', () => {
    expect(childSettings(SERVER, {}, { ports: PORTS, localIp: null })).toEqual({
      'spark.master': 'local[2]',
      'spark.app.name': 'libra',
      'spark.driver.memory': '2g',
      'spark.driver.host': '127.0.0.1',
      'spark.driver.bindAddress': '127.0.0.1',
      'spark.driver.port': '41000',
      'spark.driver.blockManager.port': '41001',
      'spark.ui.port': '41002',
      'spark.port.maxRetries': '9',
      'spark.ui.showConsoleProgress': 'false',
    });
  });

  it('are those that were asked for first of all', () => {
    const asked = { 'spark.driver.memory': '4g', 'spark.ui.port': '5000' };
    expect(childSettings(SERVER, asked, { ports: PORTS, localIp: null })).toMatchObject(asked);
  });

  it.each([
    ['spark://master:7077', null, undefined],
    ['spark://master:7077', '10.1.2.3', '10.1.2.3'],
    ['local[4]', '10.1.2.3', '10.1.2.3'],
    ['local-cluster[1,1,512]', null, '127.0.0.1'],
  ])('name an address that executors of %s reach, with %s', (master, localIp, host) => {
    const settings = childSettings(SERVER, { 'spark.master': master }, { ports: PORTS, localIp });
    expect(settings['spark.driver.host']).toBe(host);
    expect(settings['spark.driver.bindAddress']).toBe(host);
  });
});

describe('what spark-submit is given of them', () => {
  it('leaves out what the host sees to, and adds its jar last', () => {
    const settings = {
      'spark.master': 'local[2]',
      'spark.jars': '/a.jar',
      'spark.jars.packages': 'a:b:1',
      'spark.files': '/a.txt',
      'spark.archives': '/a.zip',
      'spark.submit.pyFiles': '/a.py',
      'spark.driver.extraClassPath': '/first.jar',
    };
    expect(submitSettings(settings, '/host.jar')).toEqual({
      'spark.master': 'local[2]',
      'spark.driver.extraClassPath': '/first.jar:/host.jar',
    });
    expect(submitSettings({}, '/host.jar')).toEqual({ 'spark.driver.extraClassPath': '/host.jar' });
  });
});
