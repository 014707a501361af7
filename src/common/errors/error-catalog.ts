import type { ErrorCode } from '../../contract/error-codes';
import type { Language } from '../language';

export interface CatalogEntry {
  /** HTTP status. */
  readonly status: number;
  /** Short and always English: a name of the problem for developers. */
  readonly title: string;
  /** What people read, by language. */
  readonly detail: Readonly<Record<Language, string>>;
}

const entry = (status: number, title: string, fr: string, en: string, ar: string): CatalogEntry => ({
  status,
  title,
  detail: { fr, en, ar },
});

/** Why a request was refused: every code with its HTTP status and public texts. A new code does not compile without one. */
export const ERROR_CATALOG: Readonly<Record<ErrorCode, CatalogEntry>> = {
  VALIDATION_FAILED: entry(
    400,
    'Validation failed',
    'Certains champs ne sont pas valides.',
    'Some fields are not valid.',
    'بعض الحقول غير صالحة.',
  ),
  INVALID_JSON: entry(
    400,
    'Invalid JSON',
    "Le contenu envoyé n'est pas du JSON valide.",
    'The content sent is not valid JSON.',
    'المحتوى المرسل ليس بصيغة JSON صالحة.',
  ),
  UNKNOWN_MESSAGE_TYPE: entry(
    400,
    'Unknown message type',
    "Ce type de message n'existe pas.",
    'There is no such message type.',
    'نوع الرسالة هذا غير موجود.',
  ),
  AUTH_REQUIRED: entry(
    401,
    'Authentication required',
    'Vous devez vous identifier.',
    'You have to sign in.',
    'يجب تسجيل الدخول.',
  ),
  AUTH_FAILED: entry(
    401,
    'Authentication failed',
    "Votre session n'est pas valide ou a expiré.",
    'Your session is not valid or has expired.',
    'جلستك غير صالحة أو انتهت صلاحيتها.',
  ),
  FORBIDDEN: entry(
    403,
    'Forbidden',
    "Vous n'avez pas le droit de faire cela.",
    'You are not allowed to do this.',
    'لا يحق لك القيام بذلك.',
  ),
  ROLE_NOT_ALLOWED: entry(
    403,
    'Role not allowed',
    "Votre rôle ne permet pas d'écrire à cette personne.",
    'Your role does not allow writing to this person.',
    'دورك لا يسمح بمراسلة هذا الشخص.',
  ),
  EDIT_WINDOW_CLOSED: entry(
    403,
    'Edit window closed',
    'Ce message ne peut plus être modifié.',
    'This message can no longer be edited.',
    'لم يعد من الممكن تعديل هذه الرسالة.',
  ),
  CONVERSATION_NOT_FOUND: entry(
    404,
    'Conversation not found',
    "Cette conversation n'existe pas.",
    'There is no such conversation.',
    'هذه المحادثة غير موجودة.',
  ),
  MESSAGE_NOT_FOUND: entry(
    404,
    'Message not found',
    "Ce message n'existe pas.",
    'There is no such message.',
    'هذه الرسالة غير موجودة.',
  ),
  RECIPIENT_NOT_FOUND: entry(
    404,
    'Recipient not found',
    "Ce destinataire n'existe pas.",
    'There is no such recipient.',
    'هذا المستلم غير موجود.',
  ),
  NOT_PARTICIPANT: entry(
    404,
    'Not a participant',
    'Cette personne ne fait pas partie de la conversation.',
    'This person is not in the conversation.',
    'هذا الشخص ليس مشاركا في المحادثة.',
  ),
  NOT_FOUND: entry(
    404,
    'Not found',
    "Cette adresse n'existe pas.",
    'There is no such address.',
    'هذا العنوان غير موجود.',
  ),
  CONFLICT: entry(
    409,
    'Conflict',
    'Cette demande contredit une demande précédente.',
    'This request contradicts an earlier one.',
    'يتعارض هذا الطلب مع طلب سابق.',
  ),
  PAYLOAD_TOO_LARGE: entry(
    413,
    'Payload too large',
    'Le contenu envoyé est trop volumineux.',
    'The content sent is too large.',
    'المحتوى المرسل كبير جدا.',
  ),
  METHOD_NOT_ALLOWED: entry(
    405,
    'Method not allowed',
    "Cette méthode n'est pas possible à cette adresse.",
    'This method is not possible at this address.',
    'هذه الطريقة غير متاحة في هذا العنوان.',
  ),
  UNSUPPORTED_MEDIA_TYPE: entry(
    415,
    'Unsupported media type',
    'Seul le format application/json est accepté.',
    'Only application/json is accepted.',
    'الصيغة المقبولة هي application/json فقط.',
  ),
  RATE_LIMITED: entry(
    429,
    'Rate limited',
    'Trop de demandes : réessayez un peu plus tard.',
    'Too many requests: try again a little later.',
    'طلبات كثيرة جدا: حاول مرة أخرى بعد قليل.',
  ),
  TOO_MANY_CONNECTIONS: entry(
    429,
    'Too many connections',
    'Trop de connexions ouvertes : fermez-en une.',
    'Too many open connections: close one.',
    'عدد الاتصالات المفتوحة كبير جدا: أغلق أحدها.',
  ),
  PROCESSING_ERROR: entry(
    500,
    'Processing error',
    'Une erreur est survenue de notre côté.',
    'Something went wrong on our side.',
    'حدث خطأ من جانبنا.',
  ),
  DATABASE_UNAVAILABLE: entry(
    503,
    'Database unavailable',
    'Le service est momentanément indisponible : réessayez.',
    'The service is unavailable for a moment: try again.',
    'الخدمة غير متاحة مؤقتا: حاول مرة أخرى.',
  ),
};
