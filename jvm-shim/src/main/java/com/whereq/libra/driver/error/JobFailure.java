package com.whereq.libra.driver.error;

import com.whereq.libra.driver.DriverProtocol.JobError;

/**
 * A failure whose error is known where it is thrown. The error does not survive serialization: of
 * tasks that fail, the driver asks the result's sink for the cause.
 */
public final class JobFailure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient JobError error;

  public JobFailure(String code, String message, String hint, boolean retryable, Throwable cause) {
    super(message, cause);
    this.error = new JobError(code, message, null, null, null, causeOf(cause), hint, retryable);
  }

  public JobFailure(JobError error) {
    super(error.message());
    this.error = error;
  }

  /** Of an error that is told already. */
  public JobFailure(JobError error, Throwable cause) {
    super(error.message(), cause);
    this.error = error;
  }

  public JobError error() {
    return error;
  }

  private static String causeOf(Throwable cause) {
    return cause == null ? null : ErrorTranslator.rootMessage(cause);
  }
}
