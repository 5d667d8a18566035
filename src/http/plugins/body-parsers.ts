import type { FastifyRequest } from 'fastify';
import { Problem } from '../../domain/errors.ts';
import type { Api } from '../api.ts';

type Done = (error: Error | null, body?: unknown) => void;

const badJson = (text: string): Problem => {
  try {
    JSON.parse(text);
    return new Problem('BAD_JSON', 'Keys such as __proto__ are not accepted.');
  } catch (error) {
    return new Problem('BAD_JSON', error instanceof Error ? error.message : 'It does not parse.');
  }
};

const WANTED = 'Send the body as JSON with Content-Type: application/json.';

/**
 * JSON, however it is labelled: curl's `-d` sends the form type unless told otherwise, and other
 * clients send none. What calls itself something else is refused unread.
 */
export const bodyParsers = (app: Api): void => {
  const parseJson = app.getDefaultJsonParser('error', 'error');
  const json = (
    request: FastifyRequest,
    text: string,
    fault: (text: string) => Problem,
    done: Done,
  ) => {
    if (text.trim() === '') return done(null, undefined);
    void parseJson(request, text, (error: Error | null, body?: unknown) =>
      error === null ? done(null, body) : done(fault(text)),
    );
  };
  const asString = { parseAs: 'string' } as const;
  // What begins like JSON was meant as JSON: a quote too few, and no form.
  const notJson = (text: string): Problem =>
    /^\s*[[{]/.test(text)
      ? badJson(text)
      : new Problem('UNSUPPORTED_MEDIA_TYPE', `The body is a form and not JSON. ${WANTED}`);

  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    /^application\/([\w.-]+\+)?json\b/,
    asString,
    (request: FastifyRequest, text: string, done: Done) => json(request, text, badJson, done),
  );
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    asString,
    (request: FastifyRequest, text: string, done: Done) => json(request, text, notJson, done),
  );
  app.addContentTypeParser('*', asString, (request: FastifyRequest, text: string, done: Done) => {
    if (text.trim() === '') return done(null, undefined);
    if (request.headers['content-type'] === undefined) return json(request, text, badJson, done);
    done(new Problem('UNSUPPORTED_MEDIA_TYPE', WANTED));
  });

  app.addHook('preParsing', (request, _reply, _payload, done) => {
    const encoding = request.headers['content-encoding'];
    if (encoding === undefined || encoding === 'identity') return done();
    done(new Problem('UNSUPPORTED_MEDIA_TYPE', 'Send the body without a Content-Encoding.'));
  });
};
