package com.whereq.libra.driver.jar;

/** A task of a program called exit: the task fails, and its executor, which others use, lives. */
public final class ExitInTask extends RuntimeException {
  private static final long serialVersionUID = 1L;

  ExitInTask(int status) {
    super("System.exit(" + status + ") was called in a task");
  }
}
