package com.whereq.libra.driver.jar;

import java.lang.reflect.Field;
import java.util.Map;
import org.apache.spark.SparkContext;
import org.apache.spark.executor.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets go of the loader that local mode has made for tasks of a jar. Spark itself keeps the last
 * hundred of them, each with all classes that its tasks have used; executors elsewhere may do so.
 */
final class IsolatedSessions {
  private static final Logger LOG = LoggerFactory.getLogger(IsolatedSessions.class);
  private static final String ENDPOINT = "LocalSchedulerBackendEndpoint";

  private IsolatedSessions() {}

  static void forget(SparkContext context, String id) {
    if (!context.isLocal() || context.isStopped()) {
      return;
    }
    try {
      Executor executor = localExecutor(context);
      if (executor != null) {
        executor.isolatedSessionCache().invalidate(id);
      }
    } catch (ReflectiveOperationException | RuntimeException e) {
      LOG.debug("Spark keeps the loader {} for a while", id, e);
    }
  }

  /** Nothing in Spark hands it out: it is found where its messages arrive. */
  private static Executor localExecutor(SparkContext context) throws ReflectiveOperationException {
    Object dispatcher = read(context.env().rpcEnv(), "dispatcher");
    Map<?, ?> loops = (Map<?, ?>) read(dispatcher, "endpoints");
    Object loop = loops.get(ENDPOINT);
    if (loop == null) {
      return null;
    }
    Map<?, ?> inboxes = (Map<?, ?>) read(loop, "endpoints");
    Object inbox = inboxes.get(ENDPOINT);
    Object endpoint = inbox == null ? null : read(inbox, "endpoint");
    return endpoint == null ? null : (Executor) read(endpoint, "executor");
  }

  private static Object read(Object owner, String name) throws ReflectiveOperationException {
    for (Class<?> type = owner.getClass(); type != null; type = type.getSuperclass()) {
      for (Field field : type.getDeclaredFields()) {
        if (field.getName().equals(name) || field.getName().endsWith("$$" + name)) {
          field.setAccessible(true);
          return field.get(owner);
        }
      }
    }
    throw new NoSuchFieldException(owner.getClass().getName() + "." + name);
  }
}
