import { validateSync } from 'class-validator';
import {
  IsClientMessageId,
  IsContent,
  IsFlatMetadata,
  IsHttpsUrl,
  IsInstant,
  IsText,
  IsUserId,
  IsUuidV,
} from './decorators';

const check = (decorator: PropertyDecorator) => (value: unknown) => {
  class Dto {
    field: unknown;
  }
  decorator(Dto.prototype, 'field');
  return validateSync(Object.assign(new Dto(), { field: value })).length === 0;
};

describe('validation decorators', () => {
  it.each([
    ['6f1c0c5e-7f4b-4a86-9f0a-0d8f5c2f1a11', true],
    ['6F1C0C5E-7F4B-4A86-9F0A-0D8F5C2F1A11', false],
    ['6f1c0c5e7f4b4a869f0a0d8f5c2f1a11', false],
    [{ $ne: null }, false],
    [undefined, false],
  ])('IsUuidV %p: %p', (value, valid) => expect(check(IsUuidV())(value)).toBe(valid));

  it.each([
    ['42', true],
    ['é'.repeat(128), true],
    ['😀'.repeat(128), true],
    ['a'.repeat(129), false],
    ['', false],
    ['a\u0000', false],
    ['a\u0085', false],
    ['\ud800', false],
    [42, false],
  ])('IsUserId %p: %p', (value, valid) => expect(check(IsUserId())(value)).toBe(valid));

  it.each([
    ['bonjour', true],
    ['مرحبا', true],
    ['👩‍👧', true],
    ['\u200bx', true],
    ['', false],
    [' \n\t', false],
    ['\u200b\ufeff\u00ad\u2060\u180e\u3164', false],
    ['a\ud800', false],
    [12, false],
  ])('IsContent %p: %p', (value, valid) => expect(check(IsContent())(value)).toBe(valid));

  it.each([
    [{}, true],
    [{ a: 'x', 'b-2': 1, c_: null, D: false }, true],
    [{ a: 'x'.repeat(501) }, false],
    [{ a: {} }, false],
    [{ a: [] }, false],
    [{ a: Number.NaN }, false],
    [{ 'a.b': 1 }, false],
    [{ $where: 1 }, false],
    [JSON.parse('{"__proto__":1}'), false],
    [Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`k${i}`, 1])), true],
    [Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`k${i}`, 1])), false],
    [Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`k${i}`, 'x'.repeat(500)])), false],
    [[], false],
    [null, false],
  ])('IsFlatMetadata %#: %p', (value: unknown, valid) => expect(check(IsFlatMetadata())(value)).toBe(valid));

  it.each([
    ['c-1 ~', true],
    ['', false],
    ['a'.repeat(65), false],
    ['é', false],
    ['a\n', false],
  ])('IsClientMessageId %p: %p', (value, valid) => expect(check(IsClientMessageId())(value)).toBe(valid));

  it.each([
    ['2028-02-29T10:00:00Z', true],
    ['2027-01-01T00:00:00.5+02:00', true],
    ['2027-02-29T10:00:00Z', false],
    ['2027-02-30T10:00:00Z', false],
    ['2027-04-31T10:00:00Z', false],
    ['2027-01-01T00:00:00', false],
    ['2027-01-01', false],
    [1_800_000_000_000, false],
  ])('IsInstant %p: %p', (value, valid) => expect(check(IsInstant())(value)).toBe(valid));

  it.each([
    ['https://school.example/a.png?size=2#x', true],
    ['https://photos/42.jpg', true],
    ['https://localhost:8443/a', true],
    ['https://[2001:db8::1]/a', true],
    ['https://école.example/é', true],
    [`https://a.example/${'x'.repeat(2030)}`, true],
    [`https://a.example/${'x'.repeat(2031)}`, false],
    ['http://school.example/a.png', false],
    ['HTTPS://school.example/a.png', false],
    ['https://', false],
    ['https://name:word@school.example/a', false],
    ['https://school.example/a b', false],
    ['https://school.example/\n', false],
    ['javascript:alert(1)', false],
    ['//school.example/a', false],
    [42, false],
  ])('IsHttpsUrl %#: valid %p', (value, valid) => expect(check(IsHttpsUrl())(value)).toBe(valid));

  it.each([
    ['x', true],
    ['😀😀😀', true],
    ['abcd', false],
    ['', false],
    ['\u200b', false],
  ])('IsText(1, 3) %p: %p', (value, valid) => expect(check(IsText(1, 3))(value)).toBe(valid));
});
