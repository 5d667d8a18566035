import { z } from 'zod';
import { SESSION_MODES, SESSION_STATES } from '../domain/session.ts';
import type { SessionView } from './services.ts';
import { timestamp } from './times.ts';

export const sessionSchema = z
  .object({
    sessionId: z.string(),
    appId: z.string().nullable(),
    mode: z.enum(SESSION_MODES),
    state: z.enum(SESSION_STATES),
    cause: z.string().nullable().describe('Why it is DEAD.'),
    master: z.string(),
    sparkVersion: z.string().nullable(),
    createdAt: z.iso.datetime(),
    lastActivity: z.iso.datetime(),
    activeJobs: z.int().describe('Queued and running; busy when above 0.'),
    owner: z.string(),
    sparkUiUrl: z.string().nullable(),
  })
  .meta({ id: 'Session' });

export const sessionView = (view: SessionView): z.infer<typeof sessionSchema> => ({
  sessionId: view.session.id,
  appId: view.appId,
  mode: view.session.mode,
  state: view.session.state,
  cause: view.session.cause,
  master: view.master,
  sparkVersion: view.sparkVersion,
  createdAt: timestamp(view.session.createdAt),
  lastActivity: timestamp(view.session.lastActivity),
  activeJobs: view.activeJobs,
  owner: view.session.owner,
  sparkUiUrl: view.sparkUiUrl,
});

export const SESSION_EXAMPLE: z.infer<typeof sessionSchema> = {
  sessionId: 'etl',
  appId: 'local-1762164000000',
  mode: 'SHARED',
  state: 'RUNNING',
  cause: null,
  master: 'local[*]',
  sparkVersion: '4.0.1',
  createdAt: '2025-11-03T10:00:00.000Z',
  lastActivity: '2025-11-03T10:05:00.000Z',
  activeJobs: 0,
  owner: 'anonymous',
  sparkUiUrl: 'http://localhost:4040',
};
