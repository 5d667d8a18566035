import { Problem } from '../domain/errors.ts';
import type { JobRequest } from '../domain/job.ts';
import { changesSession, countStatements } from '../domain/sql-text.ts';

/** What can be said against a statement before anyone else is asked. */
export const checkStatement = (request: JobRequest): void => {
  if (request.kind === 'sql') {
    checkSql(request.code ?? '', Object.keys(request.sparkConfig).length > 0);
  }
};

/** Pools come and go: what was accepted before is not asked again. */
export const checkPool = (pool: string, pools: readonly string[]): void => {
  if (pools.includes(pool)) return;
  const known = pools.join(', ');
  throw new Problem('UNKNOWN_POOL', `There is no pool "${pool}"; known are ${known}.`, {
    errors: [{ field: 'pool', message: `accepts one of ${known}` }],
  });
};

const checkSql = (code: string, hasSettings: boolean): void => {
  const count = countStatements(code);
  if (count === 0) {
    throw new Problem('INVALID_REQUEST', 'There is no statement in the code.', {
      errors: [{ field: 'code', message: 'accepts one SQL statement' }],
    });
  }
  if (count > 1) {
    throw new Problem('MULTIPLE_STATEMENTS', `The code holds ${count} statements.`, {
      errors: [{ field: 'code', message: `accepts one SQL statement, not ${count}` }],
    });
  }
  if (hasSettings && changesSession(code)) {
    throw new Problem(
      'SETTING_NOT_SCOPED',
      'With sparkConfig a statement runs beside its session, where a change of the session would be lost.',
      {
        errors: [
          { field: 'sparkConfig', message: 'accepts no settings with a statement such as this' },
        ],
      },
    );
  }
};
