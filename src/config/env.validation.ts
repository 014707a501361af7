import { Transform } from 'class-transformer';
import { IsIn, IsOptional, Matches, ValidateBy, type ValidationOptions } from 'class-validator';
import { isIP } from 'node:net';

const DECIMAL = /^(?:0|[1-9][0-9]{0,14})$/;
const RATE_MAX = 1_000_000;

/** A rule whose message completes "<SETTING> must be …"; the value is never part of it. */
function rule(name: string, text: string, validate: (value: unknown) => boolean): PropertyDecorator {
  const options: ValidationOptions = { message: `must be ${text}` };
  return ValidateBy({ name, validator: { validate } }, options);
}

/** Whole number in plain decimal digits; `0x10`, `1e3` and ` 12 ` stay text and fail. */
function IntegerSetting(min: number, max: number): PropertyDecorator {
  const read = Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' && DECIMAL.test(value) ? Number(value) : value,
  );
  const check = rule('integerSetting', `a whole number from ${min} to ${max}`, (value) => {
    return typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max;
  });
  return (target, key) => [read, check].forEach((decorate) => decorate(target, key));
}

/** `true` or `false`, spelled so. */
function BooleanSetting(): PropertyDecorator {
  const read = Transform(({ value }: { value: unknown }) =>
    value === 'true' ? true : value === 'false' ? false : value,
  );
  const check = rule('booleanSetting', 'true or false', (value) => typeof value === 'boolean');
  return (target, key) => [read, check].forEach((decorate) => decorate(target, key));
}

/** Entries between commas, spaces around them dropped; each has to pass `accept`. */
function ListSetting(text: string, accept: (entry: string) => boolean): PropertyDecorator {
  const read = Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' ? value.split(',').map((entry) => entry.trim()) : value,
  );
  const check = rule('listSetting', text, (value) => {
    return Array.isArray(value) && value.every((entry: unknown) => typeof entry === 'string' && accept(entry));
  });
  return (target, key) => [read, check].forEach((decorate) => decorate(target, key));
}

function isOrigin(entry: string): boolean {
  if (entry === '*') return true;
  return /^https?:\/\//.test(entry) && URL.canParse(entry) && new URL(entry).origin === entry;
}

function isRedisUrl(value: unknown): boolean {
  if (typeof value !== 'string' || !/^rediss?:\/\/[^\s/]+(?:\/[0-9]*)?$/.test(value) || !URL.canParse(value))
    return false;
  // The client decodes both; what cannot be decoded would stop the start with an error that quotes it.
  const { username, password } = new URL(value);
  try {
    decodeURIComponent(username + password);
    return true;
  } catch {
    return false;
  }
}

/** An http(s) address without credentials, query and fragment. */
function isServiceUrl(value: unknown): boolean {
  if (typeof value !== 'string' || !/^https?:\/\//.test(value) || !URL.canParse(value)) return false;
  const { username, password, search, hash } = new URL(value);
  return [username, password, search, hash].every((part) => part === '');
}

function isTimeZone(value: unknown): boolean {
  try {
    return typeof value === 'string' && new Intl.DateTimeFormat('en', { timeZone: value }) instanceof Object;
  } catch {
    return false;
  }
}

function isAddressOrNetwork(entry: string): boolean {
  const [address = '', bits, ...rest] = entry.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return bits === undefined || (DECIMAL.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

/** Every setting as it stands in the environment. An empty one counts as unset; a wrong one stops the start. */
export class EnvironmentVariables {
  /** TCP port of HTTP and sockets. 0 lets the system choose. Default 8007. */
  @IntegerSetting(0, 65_535)
  SERVICE_PORT: number = 8007;

  /** Address to listen on. Default 0.0.0.0 (all). */
  @Matches(/^[A-Za-z0-9.:_-]{1,255}$/, { message: 'must be a host name or an IP address' })
  HOST: string = '0.0.0.0';

  /** Kind of deployment. Production refuses weak settings. Default development. */
  @IsIn(['development', 'test', 'production'], { message: 'must be development, test or production' })
  NODE_ENV: 'development' | 'test' | 'production' = 'development';

  /** true: LOG_LEVEL debug. Refused in production. Default false. */
  @BooleanSetting()
  DEBUG: boolean = false;

  /** Least severe level that is logged. Default info. */
  @IsIn(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    message: 'must be fatal, error, warn, info, debug, trace or silent',
  })
  LOG_LEVEL: string = 'info';

  /** MongoDB to use. Unset: the embedded store in DATA_DIR. May hold a password: never shown. */
  @IsOptional()
  @Matches(/^mongodb(?:\+srv)?:\/\/[^\s]+$/, { message: 'must be a mongodb:// or mongodb+srv:// URL' })
  MONGODB_URL?: string;

  /** Name of the database. Default presencepro_messaging. */
  @Matches(/^[A-Za-z0-9_-]{1,63}$/, { message: 'must be 1 to 63 letters, digits, _ or -' })
  MONGODB_DATABASE: string = 'presencepro_messaging';

  /** Redis of several nodes and of notification events. Unset: one node, none of them. May hold a password: never shown. */
  @IsOptional()
  @rule('redisUrl', 'a redis:// or rediss:// URL', isRedisUrl)
  REDIS_URL?: string;

  /** Whether notification events carry the text of the message. Default none. */
  @IsIn(['none', 'full'], { message: 'must be none or full' })
  NOTIFICATION_CONTENT: 'none' | 'full' = 'none';

  /** Folder of the embedded store and of a generated key, relative to the working folder. Default ./data. */
  @rule('dataDir', 'a path', (value) => typeof value === 'string' && !value.includes('\0'))
  DATA_DIR: string = './data';

  /** Key that all PresencePro services sign tokens with. Production: at least 32 bytes, not a known default. */
  @IsOptional()
  SECRET_KEY?: string;

  /** Signature of tokens; no other is accepted. Default HS256. */
  @IsIn(['HS256', 'HS384', 'HS512'], { message: 'must be HS256, HS384 or HS512' })
  ALGORITHM: 'HS256' | 'HS384' | 'HS512' = 'HS256';

  /** Where auth-service answers. Default http://localhost:8001. */
  @rule('authServiceUrl', 'an http or https URL', isServiceUrl)
  AUTH_SERVICE_URL: string = 'http://localhost:8001';

  /** Where user-service answers. Default http://localhost:8002. */
  @rule('userServiceUrl', 'an http or https URL', isServiceUrl)
  USER_SERVICE_URL: string = 'http://localhost:8002';

  /** Whether auth-service is asked about each token, at most once a minute. Default false. */
  @BooleanSetting()
  AUTH_INTROSPECTION: boolean = false;

  /** Minutes between two readings of user-service's lists; 0: never. Default 0. */
  @IntegerSetting(0, 10_080)
  DIRECTORY_SYNC_MINUTES: number = 0;

  /** Bearer for those lists. Required when DIRECTORY_SYNC_MINUTES is above 0. Never shown. */
  @IsOptional()
  DIRECTORY_SYNC_TOKEN?: string;

  /** IANA time zone of the school: where a day of the statistics begins. Default Europe/Paris. */
  @rule('defaultTimezone', 'an IANA time zone such as Europe/Paris', isTimeZone)
  DEFAULT_TIMEZONE: string = 'Europe/Paris';

  /** Bearer that /metrics and /info ask for. Unset: both are open. Never shown. */
  @IsOptional()
  METRICS_TOKEN?: string;

  /** Web origins that browsers may call from, comma-separated (https://school.example). Default none; `*` not in production. */
  @ListSetting('a comma-separated list of origins such as https://school.example', isOrigin)
  CORS_ORIGINS: string[] = [];

  /** Seconds between pings to a socket. Default 20. */
  @IntegerSetting(1, 300)
  WEBSOCKET_PING_INTERVAL: number = 20;

  /** Seconds a socket has to answer a ping. Default 10. */
  @IntegerSetting(1, 300)
  WEBSOCKET_PING_TIMEOUT: number = 10;

  /** Live sockets of one user, all doors together. Default 5. */
  @IntegerSetting(1, 1000)
  MAX_CONNECTIONS_PER_USER: number = 5;

  /** Longest message in Unicode code points. Default 2000. */
  @IntegerSetting(1, 10_000)
  MAX_MESSAGE_LENGTH: number = 2000;

  /** Days after which a message is served no more and removed from the store. Default 365. */
  @IntegerSetting(1, 36_500)
  MESSAGE_RETENTION_DAYS: number = 365;

  /** Minutes in which senders may edit what they wrote. 0: no edits. Default 15. */
  @IntegerSetting(0, 525_600)
  MESSAGE_EDIT_WINDOW_MINUTES: number = 15;

  /** People in a group, its creator among them. Default 500. */
  @IntegerSetting(2, 5000)
  MAX_GROUP_PARTICIPANTS: number = 500;

  /** Messages of one user in any 60 s. Default 30. */
  @IntegerSetting(1, RATE_MAX)
  RATE_LIMIT_MESSAGES_PER_MINUTE: number = 30;

  /** Edits and deletions of one user, together, in any 60 s. Default as many as messages, and at least 30. */
  @IsOptional()
  @IntegerSetting(1, RATE_MAX)
  RATE_LIMIT_CHANGES_PER_MINUTE?: number;

  /** Connections of one user, and failed authentications of one address, in any 60 s. Default 30. */
  @IntegerSetting(1, RATE_MAX)
  RATE_LIMIT_CONNECTIONS_PER_MINUTE: number = 30;

  /** Events of one socket per second, messages excepted. Default 50. */
  @IntegerSetting(1, RATE_MAX)
  RATE_LIMIT_EVENTS_PER_SECOND: number = 50;

  /** Addresses or networks of proxies whose X-Forwarded-For counts, comma-separated. Default none. */
  @ListSetting('a comma-separated list of IP addresses or networks such as 10.0.0.0/8', isAddressOrNetwork)
  TRUSTED_PROXIES: string[] = [];

  /** Whether /docs, /docs-json, /docs/realtime and /docs/asyncapi.json are served. Default true. */
  @BooleanSetting()
  DOCS: boolean = true;
}
