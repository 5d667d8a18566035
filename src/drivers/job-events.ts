import type { DriverJobObserver } from './driver.ts';
import type { HostEvent } from './protocol.ts';

/** Events of a single job. */
export type JobHostEvent = Extract<HostEvent, { jobId: string }>;

/** Calls the observer's method of the event; tells whether it was the job's last. */
export const tellObserver = (
  observer: DriverJobObserver,
  event: JobHostEvent,
): 'goes on' | 'ended' => {
  switch (event.event) {
    case 'started':
      observer.started();
      return 'goes on';
    case 'progress':
      observer.progress(event.fraction);
      return 'goes on';
    case 'waits':
      observer.waitsFor(event.waitingFor);
      return 'goes on';
    case 'log':
      observer.log(event.stream, event.text);
      return 'goes on';
    case 'schema':
      observer.schema(event.columns);
      return 'goes on';
    case 'rows':
      observer.rows(event.rowCount);
      return 'goes on';
    case 'succeeded':
      observer.succeeded(event.result);
      return 'ended';
    case 'failed':
      observer.failed(event.error);
      return 'ended';
    case 'cancelled':
      observer.cancelled();
      return 'ended';
    case 'lost':
      observer.lost(event.error);
      return 'ended';
    default:
      return event satisfies never;
  }
};
