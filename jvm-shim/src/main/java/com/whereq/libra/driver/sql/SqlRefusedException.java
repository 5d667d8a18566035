package com.whereq.libra.driver.sql;

/** A statement that the server does not run; nothing of it has been executed. */
public final class SqlRefusedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String hint;

  SqlRefusedException(String what, SqlSwitch allowedBy) {
    this(what, "`" + allowedBy.setting() + ": true` in the server's configuration would allow it.");
  }

  SqlRefusedException(String what, String hint) {
    super(what + " " + hint);
    this.hint = hint;
  }

  /** What an operator could do about it. */
  public String hint() {
    return hint;
  }
}
