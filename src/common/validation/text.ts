/** Lone surrogates: BSON would silently store U+FFFD in their place, so they are refused at the door. */
const LONE_SURROGATE = /\p{Surrogate}/u;
/** Only code points that show nothing: controls, format characters, separators, default-ignorables, braille blank. */
const INVISIBLE_ONLY = /^[\p{Cc}\p{Cf}\p{Z}\p{Default_Ignorable_Code_Point}\s\u2800]*$/u;
const CONTROL = /\p{Cc}/u;

/** @returns whether every surrogate has its partner, so that the text survives UTF-8 byte for byte. */
export const isWellFormed = (text: string): boolean => !LONE_SURROGATE.test(text);

/** @returns whether nothing of the text would be seen on a screen; true for the empty text. */
export const isBlank = (text: string): boolean => INVISIBLE_ONLY.test(text);

/** @returns whether the text holds a control character (Unicode category Cc). */
export const hasControlCharacter = (text: string): boolean => CONTROL.test(text);

/** @returns the length in Unicode code points, the unit of every text limit of the contract. */
export const codePoints = (text: string): number => Array.from(text).length;
