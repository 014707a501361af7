/**
 * Each of these is damaged by some common mistake: normalising (NFD é), trimming, cutting UTF-16 in the middle of an emoji,
 * escaping for HTML, dropping joiners or direction marks.
 */
const TEXTS = [
  'Bonjour, Léa sera absente demain matin, elle a rendez-vous chez le médecin.',
  'Œuvre, naïveté, où, ça, « guillemets » — 12 € et 3 ½',
  'Cafe\u0301 (e + accent combinant) et café (composé)',
  'السلام عليكم، هل يمكنني الحصول على موعد يوم الخميس؟',
  'شكرًا جزيلًا \u200fأستاذ Dupont\u200e، إلى اللقاء ١٢٣',
  '👍🏽 👩‍👩‍👧‍👦 🇫🇷 ❤️ 🧑🏿‍🏫',
  '  deux espaces avant, une ligne\net une tabulation\taprès  ',
  '<b>pas du HTML</b> & "guillemets" \\ \' ${non} %s {{x}} $set',
  'Réunion à 18 h 30 ‑ salle B204 😀 مرحبا',
  '𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𠜎 𝄞 \u{10FFFD}',
];

export const textOf = (n) => `${TEXTS[n % TEXTS.length]} #${n}`;

export const sameBytes = (a, b) => typeof b === 'string' && Buffer.from(a).equals(Buffer.from(b));
