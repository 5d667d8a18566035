import type { Driver } from '../driver.ts';
import { HostClient, type HostTransport } from '../host-client.ts';
import { type JvmLaunch, type NativeHost, openHost } from './native.ts';

export { exitProcess, type JvmLaunch } from './native.ts';

/** JNI: requests are method calls, events come through the host's one listener. */
const jniTransport = (jvm: JvmLaunch): HostTransport => {
  let host: NativeHost | null = null;
  return {
    async open(onEvents) {
      host = await openHost(jvm, onEvents);
    },
    send(json) {
      host?.request(json);
    },
  };
};

/**
 * The Spark driver in the server's own process. After `stop` the process can only end, by
 * `exitProcess`.
 */
export const inProcessDriver = (jvm: JvmLaunch, onFault: (message: string) => void): Driver =>
  new HostClient(jniTransport(jvm), onFault);
