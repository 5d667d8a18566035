package com.whereq.libra.driver.jar;

import java.lang.ref.Reference;
import java.lang.reflect.Method;
import java.util.Map;
import java.util.Set;
import org.apache.spark.sql.catalyst.expressions.codegen.CodeGenerator$;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Tuple2;

/** What Spark keeps of classes that it has worked with, and has to forget with their loader. */
final class LoaderTraces {
  private static final Logger LOG = LoggerFactory.getLogger(LoaderTraces.class);

  private LoaderTraces() {}

  /** The loaders are that of the driver and, in local mode, those above the tasks. */
  static void remove(Set<ClassLoader> loaders) {
    try {
      forgetGeneratedCode(loaders);
    } catch (ReflectiveOperationException | RuntimeException e) {
      LOG.warn("Generated code of a program stays until it is replaced: {}", e.toString());
    }
  }

  /** Each entry keeps its generated class, and that class the loader that its key lets go. */
  private static void forgetGeneratedCode(Set<ClassLoader> loaders)
      throws ReflectiveOperationException {
    Method accessor = CodeGenerator$.class.getDeclaredMethod("cache");
    accessor.setAccessible(true);
    Object cache = accessor.invoke(CodeGenerator$.MODULE$);
    Object guava = cache.getClass().getMethod("cache").invoke(cache);
    Method asMap = Class.forName("org.sparkproject.guava.cache.Cache").getMethod("asMap");
    asMap.setAccessible(true);
    Map<?, ?> entries = (Map<?, ?>) asMap.invoke(guava);
    entries
        .keySet()
        .removeIf(
            key ->
                key instanceof Tuple2<?, ?> pair
                    && pair._1() instanceof Reference<?> loader
                    && (loader.get() == null || loaders.contains(loader.get())));
  }
}
