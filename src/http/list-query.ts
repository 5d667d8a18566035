import { queryNumber, text } from './fields.ts';

/** What every list takes. */
export const listQuery = {
  limit: queryNumber(1, 1000).prefault('50').describe('How many items a page has, at most 1000.'),
  cursor: text(1, 2048, '`nextCursor` of the page before')
    .optional()
    .describe('`nextCursor` of the page before.'),
};
