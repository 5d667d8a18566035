package com.whereq.libra.driver.jar;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ObjectStreamClass;
import java.io.Serializable;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.ZipFile;
import org.apache.xbean.asm9.ClassReader;
import org.apache.xbean.asm9.ClassVisitor;
import org.apache.xbean.asm9.MethodVisitor;
import org.apache.xbean.asm9.Opcodes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClassRewriterTest {
  @TempDir Path folder;

  private Map<String, byte[]> classes;

  private Class<?> rewritten(String source) throws Exception {
    classes = Compiled.classes(folder, "demo.Main", source);
    return loaded(true, "demo.Main");
  }

  private Class<?> loaded(boolean rewrite, String name) throws ClassNotFoundException {
    return new ClassLoader(ClassRewriterTest.class.getClassLoader()) {
      @Override
      protected Class<?> findClass(String asked) throws ClassNotFoundException {
        byte[] bytes = classes.get(asked.replace('.', '/') + ".class");
        if (bytes == null) {
          throw new ClassNotFoundException(asked);
        }
        byte[] used = rewrite ? ClassRewriter.rewrite(bytes) : bytes;
        return defineClass(asked, used, 0, used.length);
      }
    }.loadClass(name);
  }

  /** The calls of a class, method by method: {@code f: Guard.check, Guard.exit}. */
  private static String text(byte[] bytes) {
    StringBuilder text = new StringBuilder();
    new ClassReader(bytes)
        .accept(
            new ClassVisitor(Opcodes.ASM9) {
              @Override
              public MethodVisitor visitMethod(
                  int access, String method, String descriptor, String signature, String[] thrown) {
                text.append('\n').append(method).append(": ");
                return new MethodVisitor(Opcodes.ASM9) {
                  @Override
                  public void visitMethodInsn(
                      int opcode,
                      String owner,
                      String name,
                      String descriptor,
                      boolean ofInterface) {
                    text.append(owner.substring(owner.lastIndexOf('/') + 1))
                        .append('.')
                        .append(name)
                        .append(' ');
                  }
                };
              }
            },
            0);
    return text.toString();
  }

  private static Object call(Class<?> type, String name) throws Throwable {
    try {
      return type.getMethod(name).invoke(null);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  @Test
  void replacesWhatEndsTheJvmInEveryForm() throws Exception {
    Class<?> type =
        rewritten(
            """
            package demo;
            import java.util.function.IntConsumer;
            public class Main {
              public static void a() { System.exit(1); }
              public static void b() { Runtime.getRuntime().exit(2); }
              public static void c() { Runtime.getRuntime().halt(3); }
              public static void d() { IntConsumer f = System::exit; f.accept(4); }
              public static void e() { IntConsumer f = Runtime.getRuntime()::halt; f.accept(5); }
              public static void f() { scala.sys.package$.MODULE$.exit(6); }
              public static void g() { scala.sys.package$.MODULE$.exit(); }
            }
            """);
    List<String> names = List.of("a", "b", "c", "d", "e", "f", "g");
    for (int i = 0; i < names.size(); i++) {
      String name = names.get(i);
      Throwable thrown = assertThrows(ExitInTask.class, () -> call(type, name));
      int status = name.equals("g") ? 0 : i + 1;
      assertEquals("System.exit(" + status + ") was called in a task", thrown.getMessage());
    }
  }

  @Test
  void computesWhatWasComputedBefore() throws Throwable {
    Class<?> type =
        rewritten(
            """
            package demo;
            import java.util.*;
            import java.util.stream.*;
            public class Main {
              record Pair(String a, int b) {}
              sealed interface Shape permits Circle, Square {}
              record Circle(double r) implements Shape {}
              record Square(double s) implements Shape {}
              enum Color { RED, GREEN }
              static String of(Color c) { return switch (c) { case RED -> "r"; case GREEN -> "g"; }; }
              public static String run() throws Exception {
                StringBuilder out = new StringBuilder();
                outer:
                for (int i = 0; ; i++) {
                  int j = 0;
                  do { j++; if (i * j > 20) break outer; if (j == 3) continue outer; } while (j < 5);
                }
                long n = 0; while (n < 1000) n += n % 7 == 0 ? 3 : 1;
                for (String s : List.of("x", "yy")) switch (s) { case "x" -> out.append(1); default -> out.append(s.length()); }
                try { Object o = null; o.toString(); } catch (NullPointerException e) { out.append("npe"); } finally { out.append("!"); }
                Map<String, Integer> counts = new TreeMap<>();
                for (String w : "a b a".split(" ")) counts.merge(w, 1, Integer::sum);
                Shape shape = new Circle(2);
                if (shape instanceof Circle c) out.append(c.r());
                synchronized (out) { out.append(new Pair("p", 1)).append(of(Color.GREEN)); }
                int[] cells = IntStream.range(0, 5).map(i -> i * i).toArray();
                return out + " " + n + " " + counts + Arrays.stream(cells).sum();
              }
            }
            """);
    assertEquals(call(loaded(false, "demo.Main"), "run"), call(type, "run"));
  }

  @Test
  void addsNoMembers() throws Exception {
    classes =
        Compiled.classes(
            folder,
            "demo.Main",
            "package demo; public class Main implements java.io.Serializable {"
                + " private int a; static int b = 1; static { b = 2; }"
                + " public Main() { System.out.println(); } int f() { while (a < 9) a++; return a; }"
                + " Runnable r() { return (Runnable & java.io.Serializable) () -> System.exit(1); } }");
    Class<?> before = loaded(false, "demo.Main");
    Class<?> after = loaded(true, "demo.Main");
    assertEquals(
        Arrays.toString(sorted(before.getDeclaredMethods())),
        Arrays.toString(sorted(after.getDeclaredMethods())));
    assertEquals(before.getDeclaredFields().length, after.getDeclaredFields().length);
    assertTrue(Serializable.class.isAssignableFrom(after));
    assertEquals(
        ObjectStreamClass.lookup(before).getSerialVersionUID(),
        ObjectStreamClass.lookup(after).getSerialVersionUID());
  }

  private static String[] sorted(Object[] members) {
    return Arrays.stream(members).map(Object::toString).sorted().toArray(String[]::new);
  }

  @Test
  void checksAtEntriesAndJumpsBack() throws Exception {
    rewritten(
        "package demo; public class Main { public static int f(int n) {"
            + " int s = 0; while (n > 0) { n--; s += n; } return s; } }");
    String text = text(ClassRewriter.rewrite(classes.get("demo/Main.class")));
    String f = text.substring(text.indexOf("\nf: "));
    assertEquals(2, f.split("Guard.check", -1).length - 1, f);
  }

  @Test
  void leavesAMethodWithoutRoomUnchecked() throws Exception {
    StringBuilder body = new StringBuilder("int i = 0; ");
    for (int k = 0; k < 9350; k++) {
      body.append("i += a[").append(k % 100).append("];");
    }
    rewritten(
        "package demo; public class Main { public static int f() { int[] a = new int[100]; "
            + body
            + " if (i > 0) System.exit(i); return i; } }");
    assertEquals(0, loaded(true, "demo.Main").getMethod("f").invoke(null));
  }

  @Test
  void keepsWhatIsTooNewAndWhatIsNoClass() throws Exception {
    classes = Compiled.classes(folder, "demo.Main", "package demo; public class Main {}");
    byte[] tooNew = classes.get("demo/Main.class").clone();
    tooNew[7] = 120;
    assertArrayEquals(tooNew, ClassRewriter.rewrite(tooNew));
    assertArrayEquals(new byte[] {1, 2}, ClassRewriter.rewrite(new byte[] {1, 2}));
  }

  @Test
  void copiesTheRestOfAJar() throws Exception {
    Map<String, byte[]> entries = new TreeMap<>();
    String manifest =
        "Manifest-Version: 1.0\r\nMain-Class: demo.Main\r\nClass-Path: ../lib/x.jar\r\n"
            + "Multi-Release: true\r\n\r\nName: demo/Main.class\r\nSHA-256-Digest: abc=\r\n\r\n";
    byte[] main =
        Compiled.classes(
                folder,
                "demo.Main",
                "package demo; public class Main { void f() { System.exit(1); } }")
            .get("demo/Main.class");
    entries.put("META-INF/MANIFEST.MF", manifest.getBytes(StandardCharsets.UTF_8));
    entries.put("META-INF/SIGNER.SF", new byte[] {1});
    entries.put("META-INF/SIGNER.RSA", new byte[] {1});
    entries.put("META-INF/services/x.Y", "z".getBytes(StandardCharsets.UTF_8));
    entries.put("META-INF/versions/17/demo/Main.class", main);
    entries.put("demo/Main.class", main);
    entries.put("demo/bad.class", new byte[] {1, 2, 3});
    entries.put("module-info.class", new byte[] {9});
    entries.put("data/ü.txt", "text".getBytes(StandardCharsets.UTF_8));
    Path jar = Compiled.jar(folder.resolve("a.jar"), entries);

    RewrittenJar out = JarRewriter.rewrite("h", jar, folder.resolve("out.jar"));

    assertEquals("demo.Main", out.mainClass());
    assertEquals("../lib/x.jar", out.classPath());
    try (ZipFile zip = new ZipFile(out.file().toFile())) {
      assertFalse(zip.stream().anyMatch(entry -> entry.getName().contains("SIGNER")));
      String kept =
          new String(
              zip.getInputStream(zip.getEntry("META-INF/MANIFEST.MF")).readAllBytes(),
              StandardCharsets.UTF_8);
      assertFalse(kept.contains("Digest") || kept.contains("Class-Path"), kept);
      assertTrue(kept.contains("Multi-Release: true"), kept);
      for (String name : List.of("demo/Main.class", "META-INF/versions/17/demo/Main.class")) {
        String text = text(zip.getInputStream(zip.getEntry(name)).readAllBytes());
        assertTrue(text.contains("Guard.exit") && !text.contains("System.exit"), text);
      }
      for (String name : List.of("demo/bad.class", "module-info.class", "data/ü.txt")) {
        assertArrayEquals(
            entries.get(name), zip.getInputStream(zip.getEntry(name)).readAllBytes(), name);
      }
    }
  }

  @Test
  void readsAJarAgainOnlyWhenItHasChanged() throws Exception {
    RewrittenJars jars = new RewrittenJars(folder.resolve("cache"));
    Path jar = Compiled.jar(folder.resolve("a.jar"), Map.of("x.txt", new byte[] {1}));
    Files.setLastModifiedTime(
        jar, java.nio.file.attribute.FileTime.fromMillis(System.currentTimeMillis() - 60_000));
    RewrittenJar first = jars.of(jar);
    assertEquals(first, jars.unchanged(jar));
    var before = Files.getLastModifiedTime(jar);
    Compiled.jar(jar, Map.of("x.txt", new byte[] {2}));
    Files.setLastModifiedTime(jar, before);
    RewrittenJar second = jars.of(jar);
    assertFalse(first.hash().equals(second.hash()));
    Path copy = folder.resolve("copy.jar");
    Files.copy(jar, copy);
    assertEquals(second, jars.of(copy));
  }
}
