import { expect } from 'vitest';
import { Problem } from '../../src/domain/errors.ts';

/** Why a call was refused; fails the test where it was not, or by anything else. */
export const problem = async (call: Promise<unknown>): Promise<Problem> => {
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Problem);
  return error as Problem;
};

export const refusal = async (call: Promise<unknown>): Promise<string> =>
  (await problem(call)).code;
