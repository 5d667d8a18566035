import { describe, expect, it } from 'vitest';
import { negotiate } from '../../src/http/negotiate.ts';

const OFFERED = ['application/json', 'text/csv', 'text/plain'] as const;

describe('content negotiation', () => {
  it.each([
    [undefined, 'application/json'],
    ['', 'application/json'],
    ['*/*', 'application/json'],
    ['text/*', 'text/csv'],
    ['text/plain', 'text/plain'],
    ['TEXT/PLAIN', 'text/plain'],
    ['text/plain; charset=utf-8', 'text/plain'],
    ['text/plain;q=0.5, text/csv;q=0.9', 'text/csv'],
    ['*/*, text/plain', 'text/plain'],
    ['*/*;q=0.9, text/plain;q=0.1', 'application/json'],
    ['*/*, application/json;q=0', 'text/csv'],
    ['text/*;q=0, */*', 'application/json'],
    ['image/png', null],
    ['application/json;q=0', null],
    ['*/*;q=0', null],
    ['nonsense', null],
    ['text/plain;q=high', null],
  ])('of %j gives %j', (accept, expected) => {
    expect(negotiate(accept, OFFERED)).toBe(expected);
  });
});
