package com.whereq.libra.driver.jar;

import org.apache.xbean.asm9.ClassReader;
import org.apache.xbean.asm9.ClassVisitor;
import org.apache.xbean.asm9.ClassWriter;
import org.apache.xbean.asm9.MethodTooLargeException;
import org.apache.xbean.asm9.MethodVisitor;
import org.apache.xbean.asm9.Opcodes;

/**
 * Rewrites one class so that it cannot end the driver, and can itself be ended. Members are neither
 * added nor taken away: the serialVersionUID of a class that names none is made of them.
 */
final class ClassRewriter {
  /** Part of the name of every rewritten file: to be raised with each change of what is done. */
  static final int VERSION = 1;

  private static final int JAVA_1 = 44;

  private ClassRewriter() {}

  static byte[] rewrite(byte[] original) {
    if (original.length < 8 || majorVersion(original) > Runtime.version().feature() + JAVA_1) {
      // Too new for this JVM, which says so itself when the class is asked for.
      return original;
    }
    try {
      return rewrite(original, true);
    } catch (MethodTooLargeException e) {
      // A method at the limit of 64 KiB has no room for checks; the replacements need none.
      return rewrite(original, false);
    }
  }

  private static byte[] rewrite(byte[] original, boolean checks) {
    ClassReader reader = new ClassReader(original);
    ClassWriter writer = new ClassWriter(reader, 0);
    reader.accept(new Visitor(writer, checks), 0);
    return writer.toByteArray();
  }

  private static int majorVersion(byte[] original) {
    return (original[6] & 0xff) << 8 | original[7] & 0xff;
  }

  private static final class Visitor extends ClassVisitor {
    private final boolean checks;
    private String superName;

    Visitor(ClassVisitor next, boolean checks) {
      super(Opcodes.ASM9, next);
      this.checks = checks;
    }

    @Override
    public void visit(
        int version,
        int access,
        String name,
        String signature,
        String superName,
        String[] interfaces) {
      this.superName = superName;
      super.visit(version, access, name, signature, superName, interfaces);
    }

    @Override
    public MethodVisitor visitMethod(
        int access, String name, String descriptor, String signature, String[] exceptions) {
      MethodVisitor next = super.visitMethod(access, name, descriptor, signature, exceptions);
      String superOfConstructor = name.equals("<init>") ? superName : null;
      return new MethodRewriter(next, superOfConstructor, checks);
    }
  }
}
