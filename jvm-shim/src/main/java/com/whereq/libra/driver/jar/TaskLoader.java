package com.whereq.libra.driver.jar;

/**
 * The loader above those of tasks in local mode: it finds the classes of the program that a task
 * belongs to, the very ones that the driver uses. To be the context's loader where the SparkContext
 * is made. It is never asked by the JVM itself, which would remember the first answer to each name,
 * but by the loader that Spark makes for each artifact state.
 */
public final class TaskLoader extends ClassLoader {
  static {
    registerAsParallelCapable();
  }

  public TaskLoader(ClassLoader parent) {
    super("libra-tasks", parent);
  }

  @Override
  protected Class<?> findClass(String name) throws ClassNotFoundException {
    JarLoader loader = ofTask();
    if (loader == null) {
      throw new ClassNotFoundException(name);
    }
    loader.addAbove(Thread.currentThread().getContextClassLoader());
    return loader.loadClass(name);
  }

  @Override
  protected java.net.URL findResource(String name) {
    JarLoader loader = ofTask();
    return loader == null ? null : loader.findResource(name);
  }

  private static JarLoader ofTask() {
    JarJob job = JarJob.current();
    return job == null ? null : job.loader();
  }
}
