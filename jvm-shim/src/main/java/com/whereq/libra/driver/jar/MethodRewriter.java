package com.whereq.libra.driver.jar;

import java.util.HashSet;
import java.util.Set;
import org.apache.xbean.asm9.ConstantDynamic;
import org.apache.xbean.asm9.Handle;
import org.apache.xbean.asm9.Label;
import org.apache.xbean.asm9.MethodVisitor;
import org.apache.xbean.asm9.Opcodes;

/**
 * Puts a check at the entry and before each jump back, and calls of {@link Guard} in the place of
 * calls that end or change what others use. No frame changes: checks take and leave nothing.
 */
final class MethodRewriter extends MethodVisitor {
  private static final String CONTEXT = "org/apache/spark/SparkContext";

  private final String superOfConstructor;
  private final boolean checks;
  private final Set<Label> passed = new HashSet<>();
  private int newContexts;

  /** The name of the super class in a constructor, else null. */
  MethodRewriter(MethodVisitor next, String superOfConstructor, boolean checks) {
    super(Opcodes.ASM9, next);
    this.superOfConstructor = superOfConstructor;
    this.checks = checks;
  }

  @Override
  public void visitCode() {
    super.visitCode();
    check();
  }

  @Override
  public void visitLabel(Label label) {
    passed.add(label);
    super.visitLabel(label);
  }

  @Override
  public void visitJumpInsn(int opcode, Label label) {
    if (passed.contains(label)) {
      check();
    }
    super.visitJumpInsn(opcode, label);
  }

  @Override
  public void visitTableSwitchInsn(int min, int max, Label otherwise, Label... labels) {
    checkIfBack(otherwise, labels);
    super.visitTableSwitchInsn(min, max, otherwise, labels);
  }

  @Override
  public void visitLookupSwitchInsn(Label otherwise, int[] keys, Label[] labels) {
    checkIfBack(otherwise, labels);
    super.visitLookupSwitchInsn(otherwise, keys, labels);
  }

  @Override
  public void visitTypeInsn(int opcode, String type) {
    if (opcode == Opcodes.NEW && type.equals(CONTEXT)) {
      newContexts++;
    }
    super.visitTypeInsn(opcode, type);
  }

  @Override
  public void visitFieldInsn(int opcode, String owner, String name, String descriptor) {
    String guard = opcode == Opcodes.GETSTATIC ? Replacements.ofField(owner, name) : null;
    if (guard == null) {
      super.visitFieldInsn(opcode, owner, name, descriptor);
    } else {
      call(guard, "()" + descriptor);
    }
  }

  @Override
  public void visitMethodInsn(
      int opcode, String owner, String name, String descriptor, boolean ofInterface) {
    if (Replacements.startsTasks(owner)) {
      call("bind", "()V");
    }
    if (opcode == Opcodes.INVOKESPECIAL && name.equals("<init>")) {
      visitConstructor(owner, descriptor, ofInterface);
      return;
    }
    Replacements.Call replacement =
        opcode == Opcodes.INVOKESPECIAL ? null : Replacements.of(opcode, owner, name, descriptor);
    if (replacement == null) {
      super.visitMethodInsn(opcode, owner, name, descriptor, ofInterface);
    } else {
      call(replacement.name(), replacement.descriptor());
    }
  }

  private void visitConstructor(String owner, String descriptor, boolean ofInterface) {
    if (Replacements.isJavaContext(owner) && !descriptor.equals("(L" + CONTEXT + ";)V")) {
      call("context", contextOf(descriptor));
      super.visitMethodInsn(
          Opcodes.INVOKESPECIAL, owner, "<init>", "(L" + CONTEXT + ";)V", ofInterface);
    } else if (owner.equals(CONTEXT) && newContexts > 0 && !CONTEXT.equals(superOfConstructor)) {
      newContexts--;
      call("context", contextOf(descriptor));
      // The new object lies there twice, and the one that is has to take its place.
      super.visitInsn(Opcodes.SWAP);
      super.visitInsn(Opcodes.POP);
      super.visitInsn(Opcodes.SWAP);
      super.visitInsn(Opcodes.POP);
    } else {
      super.visitMethodInsn(Opcodes.INVOKESPECIAL, owner, "<init>", descriptor, ofInterface);
    }
  }

  @Override
  public void visitInvokeDynamicInsn(
      String name, String descriptor, Handle bootstrap, Object... arguments) {
    super.visitInvokeDynamicInsn(name, descriptor, bootstrap, constants(arguments));
  }

  @Override
  public void visitLdcInsn(Object value) {
    super.visitLdcInsn(constant(value));
  }

  @Override
  public void visitMaxs(int maxStack, int maxLocals) {
    super.visitMaxs(maxStack + 1, maxLocals);
  }

  private static String contextOf(String constructor) {
    return constructor.substring(0, constructor.length() - 1) + "L" + CONTEXT + ";";
  }

  private Object[] constants(Object[] values) {
    Object[] mapped = new Object[values.length];
    for (int i = 0; i < values.length; i++) {
      mapped[i] = constant(values[i]);
    }
    return mapped;
  }

  private Object constant(Object value) {
    if (value instanceof Handle handle) {
      return Replacements.of(handle);
    }
    if (value instanceof ConstantDynamic dynamic) {
      Object[] arguments = new Object[dynamic.getBootstrapMethodArgumentCount()];
      for (int i = 0; i < arguments.length; i++) {
        arguments[i] = constant(dynamic.getBootstrapMethodArgument(i));
      }
      return new ConstantDynamic(
          dynamic.getName(), dynamic.getDescriptor(), dynamic.getBootstrapMethod(), arguments);
    }
    return value;
  }

  private void checkIfBack(Label otherwise, Label[] labels) {
    boolean back = passed.contains(otherwise);
    for (Label label : labels) {
      back |= passed.contains(label);
    }
    if (back) {
      check();
    }
  }

  private void check() {
    if (checks) {
      call("check", "()V");
    }
  }

  private void call(String name, String descriptor) {
    super.visitMethodInsn(Opcodes.INVOKESTATIC, Replacements.GUARD, name, descriptor, false);
  }
}
