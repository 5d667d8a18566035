package com.whereq.libra.driver.jar;

import com.whereq.libra.driver.error.JobFailure;
import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.ZipFile;

/** Finds where a program begins, or says why there is nothing to begin with. */
final class MainMethod {
  private static final int MAX_NAMED = 5;

  private MainMethod() {}

  static Method of(JarLoader loader, String asked) {
    String name = asked == null ? loader.jar().mainClass() : asked.strip();
    if (name == null || name.isEmpty()) {
      throw notFound("No mainClass was given, and the jar's manifest names none", null);
    }
    Class<?> type = load(loader, name);
    try {
      Method main = find(type);
      main.setAccessible(true);
      return main;
    } catch (NoClassDefFoundError e) {
      throw new JobFailure(
          "PROGRAM_NOT_STARTED",
          name + " needs the class " + dotted(e.getMessage()) + ", which is not there",
          "Put the class into the jar, or its jar into spark.jars of the server.",
          false,
          null);
    }
  }

  private static Class<?> load(JarLoader loader, String name) {
    try {
      return Class.forName(name, false, loader);
    } catch (ClassNotFoundException e) {
      throw notFound("The jar has no class " + name, nearest(loader, name));
    } catch (UnsupportedClassVersionError e) {
      throw notStarted(tooNew(name, e), e);
    } catch (NoClassDefFoundError e) {
      if (e.getMessage() != null && e.getMessage().contains("wrong name")) {
        throw notFound("The jar has no class " + name + ": " + e.getMessage(), null);
      }
      throw notStarted(
          name + " needs the class " + dotted(e.getMessage()) + ", which is not there", e);
    } catch (LinkageError e) {
      throw notStarted(name + " cannot be loaded: " + e, e);
    }
  }

  private static Method find(Class<?> type) {
    List<String> faults = new ArrayList<>();
    String signature = "public static void main(String[])";
    Method first = null;
    for (Class<?> owner = type; owner != null; owner = owner.getSuperclass()) {
      for (Method method : owner.getDeclaredMethods()) {
        if (method.getName().equals("main") && !method.isBridge()) {
          first = first == null ? method : first;
          if (takesStrings(method)) {
            List<String> found = faultsOf(method);
            if (found.isEmpty()) {
              return method;
            }
            faults = faults.isEmpty() ? found : faults;
          }
        }
      }
    }
    if (first == null) {
      throw notFound(type.getName() + " has no " + signature, null);
    }
    if (faults.isEmpty()) {
      faults = List.of("it takes other parameters");
    }
    boolean instance = !Modifier.isStatic(first.getModifiers());
    throw notFound(
        type.getName() + ".main is not " + signature + ": " + String.join(", ", faults),
        instance ? "A Java program needs a static main, a Scala program an object." : null);
  }

  private static boolean takesStrings(Method method) {
    return method.getParameterCount() == 1 && method.getParameterTypes()[0] == String[].class;
  }

  private static List<String> faultsOf(Method method) {
    List<String> faults = new ArrayList<>();
    if (!Modifier.isStatic(method.getModifiers())) {
      faults.add("it is not static");
    }
    if (!Modifier.isPublic(method.getModifiers())) {
      faults.add("it is not public");
    }
    if (method.getReturnType() != void.class) {
      faults.add("it returns " + method.getReturnType().getName());
    }
    return faults;
  }

  /** Classes of the same simple name: most often the package was forgotten. */
  private static String nearest(JarLoader loader, String name) {
    String simple = name.substring(Math.max(name.lastIndexOf('.'), name.lastIndexOf('/')) + 1);
    try (ZipFile zip = new ZipFile(loader.jar().file().toFile())) {
      List<String> found =
          zip.stream()
              .map(entry -> entry.getName())
              .filter(entry -> ("/" + entry).endsWith("/" + simple + ".class"))
              .filter(entry -> !entry.startsWith("META-INF/"))
              .limit(MAX_NAMED)
              .map(entry -> entry.substring(0, entry.length() - 6).replace('/', '.'))
              .toList();
      return found.isEmpty() ? null : "The jar has " + String.join(", ", found) + ".";
    } catch (IOException e) {
      return null;
    }
  }

  private static String tooNew(String name, UnsupportedClassVersionError e) {
    var version =
        java.util.regex.Pattern.compile("class file version (\\d+)")
            .matcher(String.valueOf(e.getMessage()));
    int feature = Runtime.version().feature();
    return version.find()
        ? "%s was compiled for Java %d, and the driver runs Java %d"
            .formatted(name, Integer.parseInt(version.group(1)) - 44, feature)
        : name + " was compiled for a newer Java than " + feature + ", which the driver runs";
  }

  private static String dotted(String name) {
    return name == null ? "?" : name.replace('/', '.');
  }

  private static JobFailure notFound(String message, String hint) {
    return new JobFailure("MAIN_NOT_FOUND", message, hint, false, null);
  }

  private static JobFailure notStarted(String message, Throwable cause) {
    return new JobFailure("PROGRAM_NOT_STARTED", message, null, false, cause);
  }
}
