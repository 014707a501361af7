/** The part of JSON Schema (draft 07) that the document uses. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
}

export interface Reference {
  readonly $ref: string;
}

export interface AsyncApiMessage {
  /** The name of the event. */
  readonly name: string;
  readonly summary: string;
  readonly description?: string;
  readonly payload: JsonSchema;
  readonly correlationId?: { readonly location: string; readonly description: string };
  readonly examples: readonly { readonly payload: object }[];
  /** Who hears of it. */
  readonly 'x-to'?: string;
}

export interface AsyncApiChannel {
  readonly address: string;
  readonly title: string;
  readonly description: string;
  readonly servers: readonly Reference[];
  readonly parameters?: Readonly<Record<string, { readonly description: string }>>;
  readonly messages: Readonly<Record<string, Reference>>;
  readonly bindings?: { readonly ws: object };
  /** Why the service closes the connection, by close code. */
  readonly 'x-close-codes'?: Readonly<Record<string, string>>;
}

export interface AsyncApiOperation {
  /** As AsyncAPI sees it, from the service: it receives what clients send. */
  readonly action: 'send' | 'receive';
  readonly channel: Reference;
  readonly summary: string;
  readonly messages: readonly Reference[];
  readonly reply?: { readonly channel: Reference; readonly messages: readonly Reference[] };
  /** The codes with which the service may refuse it. */
  readonly 'x-error-codes'?: readonly string[];
}

export interface AsyncApiDocument {
  readonly asyncapi: '3.0.0';
  readonly info: {
    readonly title: string;
    readonly version: string;
    readonly description: string;
    readonly license: { readonly name: string; readonly url: string };
  };
  readonly defaultContentType: string;
  readonly servers: Readonly<Record<string, object>>;
  readonly channels: Readonly<Record<string, AsyncApiChannel>>;
  readonly operations: Readonly<Record<string, AsyncApiOperation>>;
  /** What each code means. */
  readonly 'x-error-codes': Readonly<Record<string, string>>;
  readonly components: {
    readonly messages: Readonly<Record<string, AsyncApiMessage>>;
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly securitySchemes: Readonly<Record<string, object>>;
  };
}
