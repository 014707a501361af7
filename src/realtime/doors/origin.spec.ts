import { isOriginAllowed } from './origin';

const ALLOWED = ['https://school.example'];

describe('isOriginAllowed', () => {
  it.each([
    ['no origin', { host: 'api.example' }, true],
    ['a listed origin', { origin: 'https://school.example', host: 'api.example' }, true],
    ['the own host', { origin: 'http://localhost:8007', host: 'localhost:8007' }, true],
    ['another port of the own host', { origin: 'http://localhost:3000', host: 'localhost:8007' }, false],
    ['a foreign origin', { origin: 'https://evil.example', host: 'api.example' }, false],
    ['a listed name with another scheme', { origin: 'http://school.example', host: 'api.example' }, false],
    ['a listed name as a prefix', { origin: 'https://school.example.evil', host: 'api.example' }, false],
    ['null', { origin: 'null', host: 'null' }, false],
    ['what is no origin', { origin: 'nonsense', host: 'nonsense' }, false],
    ['an empty origin and host', { origin: '', host: '' }, false],
  ])('%s', (_name, headers, expected) => {
    expect(isOriginAllowed(headers, ALLOWED)).toBe(expected);
  });
});
