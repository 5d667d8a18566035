import type Java from 'java';
import { loadBehindEventLoop } from './thread-priority.ts';

/** The class path and options of the JVM; both are fixed once it has started. */
export interface JvmLaunch {
  readonly options: readonly string[];
  readonly classPath: readonly string[];
  /** A jar in place of the folder of node-java's own classes; see bridge.ts. */
  readonly bridge?: string;
}

/** A driver host inside this process. */
export interface NativeHost {
  /** Hands over one request; Java returns at once. */
  request(json: string): void;
}

const HOST = 'com.whereq.libra.driver.DriverHost';
const LISTENER = 'com.whereq.libra.driver.EventListener';

let jvm: typeof Java | null = null;
// node-java frees a proxy that JavaScript has forgotten, while Java still calls it.
const listeners: unknown[] = [];

/** Loads the JVM into the process, once: there is no second try, and no way to unload it. */
const load = async ({ options, classPath, bridge }: JvmLaunch): Promise<typeof Java> => {
  if (jvm !== null) return jvm;
  // Here and not at the top: importing it maps libjvm, which a server with child drivers never needs.
  const { default: java } = await import('java');
  jvm = java;
  java.options.push(...options);
  // Leaves SIGINT and SIGTERM to Node, which stops in its own order.
  if (!options.includes('-Xrs')) java.options.push('-Xrs');
  if (bridge !== undefined) {
    const folder = java.classpath.findIndex((entry) => entry.endsWith('src-java'));
    java.classpath.splice(folder, folder < 0 ? 0 : 1, bridge);
  }
  java.classpath.push(...classPath);
  return java;
};

/** `onEvents` gets JSON arrays, on the event loop; the Java thread that calls waits for it. */
export const openHost = async (
  launch: JvmLaunch,
  onEvents: (json: string) => void,
): Promise<NativeHost> => {
  const java = await load(launch);
  const host = loadBehindEventLoop(() => {
    const listener = java.newProxy(LISTENER, { onEvents });
    listeners.push(listener);
    return java.newInstanceSync(HOST, listener);
  });
  return {
    request(json) {
      java.callMethodSync(host, 'request', json);
    },
  };
};

/**
 * Ends the process by Java's System.exit, so that Spark's shutdown hooks run. Once the JVM is
 * loaded nothing else ends it; before, it is a plain exit.
 */
export const exitProcess = (code: number): never => {
  jvm?.callStaticMethodSync('java.lang.System', 'exit', code);
  process.exit(code);
};

/** Ends the process at once, without Java's hooks: one of them may be what hangs. */
export const haltProcess = (code: number, afterMs: number): void => {
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), afterMs);
  // Without a callback nothing waits here: the JVM may not answer any more.
  jvm?.callStaticMethod('com.whereq.libra.driver.Halt', 'halt', code, () => {});
};
