import { z } from 'zod';
import { SESSION_MODES } from '../../../domain/session.ts';
import { bodyProblems, json } from '../../answers.ts';
import type { Api } from '../../api.ts';
import { callerOf } from '../../caller.ts';
import { accepts, duration, idempotencyKey, name, oneOf, settings } from '../../fields.ts';
import {
  idempotencyHeaders,
  idempotencyOf,
  markReplay,
  REPLAYED_HEADER,
} from '../../idempotency.ts';
import type { Services } from '../../services.ts';
import { SESSION_EXAMPLE, sessionSchema, sessionView } from '../../session-view.ts';

const OPERATION = 'sessions.create';

const body = z
  .strictObject(
    {
      sessionId: name().optional().describe('Made up by the server when left out.'),
      mode: oneOf(SESSION_MODES)
        .optional()
        .describe(
          "SHARED: a light session on the shared driver. ISOLATED: a driver process of its own, which starts in the background. The server's own mode when left out.",
        ),
      sparkConfig: settings()
        .default({})
        .describe(
          'Settings that the session begins with. With mode ISOLATED any that a driver can have: memory, cores, packages, a master.',
        ),
      idleTimeout: duration('1ms', '8760h')
        .optional()
        .describe('After how long without a job it ends.'),
      idempotencyKey: idempotencyKey().optional(),
    },
    accepts('no body, or an object'),
  )
  .nullish()
  .meta({
    'x-examples': {
      etl: {
        value: {
          sessionId: 'etl',
          sparkConfig: { 'spark.sql.shuffle.partitions': 8 },
          idleTimeout: '2h',
        },
      },
      isolated: {
        value: {
          sessionId: 'train',
          mode: 'ISOLATED',
          sparkConfig: { 'spark.driver.memory': '2g', 'spark.master': 'local[2]' },
        },
      },
    },
  });

export const createSession = (app: Api, { sessions }: Services): void => {
  app.route({
    method: 'POST',
    url: '/sessions',
    config: { access: 'user' },
    schema: {
      operationId: OPERATION,
      tags: ['sessions'],
      summary: 'Make a session',
      headers: idempotencyHeaders,
      body,
      response: {
        201: json('The session.', sessionSchema, SESSION_EXAMPLE, {
          Location: { type: 'string', description: 'Where the session is found.' },
          ...REPLAYED_HEADER,
        }),
        ...bodyProblems(
          'SETTING_DENIED',
          'SESSION_EXISTS',
          'IDEMPOTENCY_CONFLICT',
          'SESSION_LIMIT',
          'MEMORY_SHORT',
          'DRIVER_UNAVAILABLE',
          'SERVER_STOPPING',
        ),
      },
    },
    handler: async (request, reply) => {
      const { idempotencyKey: key, ...wanted } = request.body ?? { sparkConfig: {} };
      const { view, replayed } = await sessions.create(
        callerOf(request),
        {
          sessionId: wanted.sessionId ?? null,
          mode: wanted.mode ?? null,
          sparkConfig: wanted.sparkConfig,
          idleTimeoutMs: wanted.idleTimeout ?? null,
        },
        idempotencyOf(request, key, OPERATION, wanted),
      );
      request.trail.sessionId = view.session.id;
      markReplay(reply, replayed);
      return reply
        .code(201)
        .header('location', `/api/v1/sessions/${view.session.id}`)
        .send(sessionView(view));
    },
  });
};
