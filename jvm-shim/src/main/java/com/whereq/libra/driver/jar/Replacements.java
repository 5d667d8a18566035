package com.whereq.libra.driver.jar;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.xbean.asm9.Handle;
import org.apache.xbean.asm9.Opcodes;

/** Which calls of a program become calls of {@link Guard}, by class, name and descriptor. */
final class Replacements {
  static final String GUARD = Guard.class.getName().replace('.', '/');

  /** A static method of {@link Guard}. */
  record Call(String name, String descriptor) {}

  private static final String SPARK = "org/apache/spark/";
  private static final String JAVA_CONTEXT = SPARK + "api/java/JavaSparkContext";
  private static final String SESSION = SPARK + "sql/SparkSession";
  private static final String CLASSIC = SPARK + "sql/classic/SparkSession";
  private static final String CONTEXT = SPARK + "SparkContext";

  private static final Map<String, Call> STATIC = new HashMap<>();
  private static final Map<String, Call> VIRTUAL = new HashMap<>();

  static {
    ends();
    stops();
    sessions();
    globals();
  }

  private Replacements() {}

  /** Null where the call stays as it is. */
  static Call of(int opcode, String owner, String name, String descriptor) {
    return (opcode == Opcodes.INVOKESTATIC ? STATIC : VIRTUAL).get(key(owner, name, descriptor));
  }

  /** The handle, or one of the method that takes its place. */
  static Handle of(Handle handle) {
    Call call =
        switch (handle.getTag()) {
          case Opcodes.H_INVOKESTATIC ->
              of(Opcodes.INVOKESTATIC, handle.getOwner(), handle.getName(), handle.getDesc());
          case Opcodes.H_INVOKEVIRTUAL, Opcodes.H_INVOKEINTERFACE ->
              of(Opcodes.INVOKEVIRTUAL, handle.getOwner(), handle.getName(), handle.getDesc());
          default -> null;
        };
    return call == null
        ? handle
        : new Handle(Opcodes.H_INVOKESTATIC, GUARD, call.name(), call.descriptor(), false);
  }

  /** The method of Guard that answers in the place of a static field; else null. */
  static String ofField(String owner, String name) {
    if (!owner.equals("java/lang/System")) {
      return null;
    }
    return switch (name) {
      case "out", "err", "in" -> name;
      default -> null;
    };
  }

  static boolean isJavaContext(String owner) {
    return owner.equals(JAVA_CONTEXT);
  }

  /** SQL finds the job by itself; the API of RDDs goes by what is bound to the thread. */
  static boolean startsTasks(String owner) {
    return owner.startsWith(SPARK)
        && (owner.equals(CONTEXT)
            || owner.startsWith("rdd/", SPARK.length())
            || owner.startsWith("api/java/Java", SPARK.length()));
  }

  private static void ends() {
    statically("java/lang/System", "exit", "(I)V", "exit");
    for (String name : List.of("exit", "halt")) {
      virtually("java/lang/Runtime", name, "(I)V", "exit");
    }
    String nothing = "Lscala/runtime/Nothing$;";
    for (String descriptor : List.of("(I)" + nothing, "()" + nothing)) {
      statically("scala/sys/package", "exit", descriptor, "exitOfScala");
      virtually("scala/sys/package$", "exit", descriptor, "exitOfScala");
    }
    virtually("java/lang/Runtime", "addShutdownHook", "(Ljava/lang/Thread;)V", "addShutdownHook");
    virtually(
        "java/lang/Runtime", "removeShutdownHook", "(Ljava/lang/Thread;)Z", "removeShutdownHook");
    String hook = "(Lscala/Function0;)Lscala/sys/ShutdownHookThread;";
    statically("scala/sys/package", "addShutdownHook", hook, "addScalaHook");
    virtually("scala/sys/package$", "addShutdownHook", hook, "addScalaHook");
  }

  private static void stops() {
    for (String session : List.of(SESSION, CLASSIC)) {
      virtually(session, "stop", "()V", "stop");
      virtually(session, "close", "()V", "stop");
    }
    virtually(CONTEXT, "stop", "()V", "stop");
    virtually(CONTEXT, "stop", "(I)V", "stop");
    virtually(JAVA_CONTEXT, "stop", "()V", "stop");
    virtually(JAVA_CONTEXT, "close", "()V", "stop");
    for (String closeable : List.of("java/io/Closeable", "java/lang/AutoCloseable")) {
      virtually(closeable, "close", "()V", "close");
    }
    String streaming = SPARK + "streaming/StreamingContext";
    String javaStreaming = SPARK + "streaming/api/java/JavaStreamingContext";
    // The context of the stream ends, the one beneath it does not.
    virtually(streaming, "stop", "(Z)V", "stopStreams");
    virtually(streaming, "stop", "(ZZ)V", "stopStreams");
    for (String descriptor : List.of("()V", "(Z)V", "(ZZ)V")) {
      virtually(javaStreaming, "stop", descriptor, "stopStreams");
    }
    virtually(javaStreaming, "close", "()V", "stopStreams");
  }

  private static void sessions() {
    String made = "()L" + SESSION + ";";
    String madeClassic = "()L" + CLASSIC + ";";
    for (String builder :
        List.of(SPARK + "sql/SparkSessionBuilder", SESSION + "$Builder", CLASSIC + "$Builder")) {
      for (String name : List.of("getOrCreate", "create")) {
        virtually(builder, name, made, "session");
        virtually(builder, name, madeClassic, "classicSession");
      }
    }
    for (String session : List.of(SESSION, CLASSIC)) {
      virtually(session, "newSession", made, "newSession");
      virtually(session, "newSession", madeClassic, "newClassicSession");
      virtually(session, "cloneSession", madeClassic, "cloneSession");
      statically(session, "clearDefaultSession", "()V", "keepDefaultSession");
      virtually(session + "$", "clearDefaultSession", "()V", "keepDefaultSession");
      for (String each : List.of(SESSION, CLASSIC)) {
        String descriptor = "(L" + each + ";)V";
        statically(session, "setDefaultSession", descriptor, "keepDefaultSession");
        virtually(session + "$", "setDefaultSession", descriptor, "keepDefaultSession");
      }
    }
  }

  /** What is one for the whole JVM, or one for all users of the context. */
  private static void globals() {
    String stream = "(Ljava/io/PrintStream;)V";
    statically("java/lang/System", "setOut", stream, "setOut");
    statically("java/lang/System", "setErr", stream, "setErr");
    statically("java/lang/System", "setIn", "(Ljava/io/InputStream;)V", "keepIn");
    statically(
        "java/lang/System",
        "setSecurityManager",
        "(Ljava/lang/SecurityManager;)V",
        "keepSecurityManager");
    statically(
        "java/lang/Thread",
        "setDefaultUncaughtExceptionHandler",
        "(Ljava/lang/Thread$UncaughtExceptionHandler;)V",
        "setUncaughtExceptionHandler");
    for (String context : List.of(CONTEXT, JAVA_CONTEXT)) {
      virtually(context, "setLogLevel", "(Ljava/lang/String;)V", "keepLogLevel");
      virtually(context, "cancelAllJobs", "()V", "cancelJobs");
    }
    virtually(CONTEXT, "clearJobTags", "()V", "clearJobTags");
    virtually(JAVA_CONTEXT, "clearJobTags", "()V", "clearJobTags");
  }

  private static void statically(String owner, String name, String descriptor, String guard) {
    STATIC.put(key(owner, name, descriptor), new Call(guard, descriptor));
  }

  private static void virtually(String owner, String name, String descriptor, String guard) {
    Call call = new Call(guard, "(L" + receiver(owner, guard) + ";" + descriptor.substring(1));
    VIRTUAL.put(key(owner, name, descriptor), call);
  }

  /** A method reference asks for the very class; modules and streams are never in one. */
  private static String receiver(String owner, String guard) {
    return switch (guard) {
      case "keepDefaultSession", "stopStreams", "exitOfScala", "addScalaHook" -> "java/lang/Object";
      default -> owner;
    };
  }

  private static String key(String owner, String name, String descriptor) {
    return owner + "." + name + descriptor;
  }
}
