import type {
  AsyncApiChannel,
  AsyncApiDocument,
  AsyncApiMessage,
  AsyncApiOperation,
  JsonSchema,
} from './document-types';
import { Html, html, prose } from './html';
import { fieldsOf } from './page-schema';
import { PAGE_STYLE } from './page-style';

const CLIENT = 'client.';
const SERVER = 'server.';
const keyOf = (reference: { readonly $ref: string }): string => reference.$ref.split('/').at(-1) ?? '';
const json = (value: unknown): Html => html`<pre>${JSON.stringify(value, null, 2)}</pre>`;
const link = (event: string): Html => html`<a href="#server-${event}"><code>${event}</code></a>`;

/** As one text: the policy knows the stylesheet by its hash, so no space may come to it. */
const STYLE = new Html(`<style>${PAGE_STYLE}</style>`);

/** Reads one document, so that the functions below need not carry it. */
class Page {
  private readonly messages: Readonly<Record<string, AsyncApiMessage>>;

  constructor(private readonly document: AsyncApiDocument) {
    this.messages = document.components.messages;
  }

  render(): Html {
    const { info, channels, components } = this.document;
    return html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <title>${info.title}</title>
          ${STYLE}
        </head>
        <body>
          <h1>${info.title}</h1>
          <p>
            <small
              >Version ${info.version} · <a href="/docs/asyncapi.json">AsyncAPI document</a> ·
              <a href="/docs">REST</a></small
            >
          </p>
          <p>${prose(info.description)}</p>
          <nav>
            ${this.index('Clients send', CLIENT)}${this.index('The service sends', SERVER)}
            <p><a href="#errors">Error codes</a> · <a href="#objects">Objects</a></p>
          </nav>
          <h2 id="doors">Doors</h2>
          ${Object.values(channels).map((channel) => this.channel(channel))}
          <h2>Clients send</h2>
          ${this.events(CLIENT).map((event) => this.clientEvent(event))}
          <h2>The service sends</h2>
          ${this.events(SERVER).map((event) => this.serverEvent(event))}
          <h2 id="errors">Error codes</h2>
          ${this.errorCodes(Object.keys(this.document['x-error-codes']))}
          <h2 id="objects">Objects</h2>
          ${Object.entries(components.schemas).map(([name, schema]) => this.object(name, schema))}
        </body>
      </html> `;
  }

  private events(prefix: string): string[] {
    return Object.keys(this.messages)
      .filter((key) => key.startsWith(prefix))
      .map((key) => key.slice(prefix.length));
  }

  private index(title: string, prefix: string): Html {
    const items = this.events(prefix).map(
      (event) =>
        html`<li>
          <a href="#${prefix.replace('.', '-')}${event}"><code>${event}</code></a>
        </li> `,
    );
    return html`<h4>${title}</h4>
      <ul>
        ${items}
      </ul> `;
  }

  private channel({ title, address, description, ...channel }: AsyncApiChannel): Html {
    const codes = Object.entries(channel['x-close-codes'] ?? {});
    const rows = codes.map(
      ([code, meaning]) =>
        html`<tr>
          <td><code>${code}</code></td>
          <td>${meaning}</td>
        </tr> `,
    );
    return html`<h3>${title} <code>${address}</code></h3>
      <p>${prose(description)}</p>
      ${
        codes.length > 0
          ? html`<h4>Close codes</h4>
              <table>
                <tbody>
                  ${rows}
                </tbody>
              </table>`
          : undefined
      } `;
  }

  private clientEvent(event: string): Html {
    const message = this.messages[`client.${event}`];
    const ack = this.messages[`ack.${event}`];
    const operation = this.document.operations[`socketio.client.${event}`];
    if (!message || !ack || !operation) return html``;
    return html`<h3 id="client-${event}"><code>${event}</code></h3>
      <p>${prose(message.summary)}. ${prose(message.description ?? '')}</p>
      <h4>Payload</h4>
      ${fieldsOf(this.resolve(message.payload))}
      <h4>Answer</h4>
      ${this.answer(operation)}
      <h4>Refused with</h4>
      ${this.errorCodes(operation['x-error-codes'] ?? [])}
      <h4>Example: Socket.IO, and the acknowledgement</h4>
      ${json(message.examples[0]?.payload)}${json(ack.examples[0]?.payload)}
      <h4>Example: plain WebSocket, and its answer</h4>
      ${json(this.messages[`frame.client.${event}`]?.examples[0]?.payload)}${json(this.plainAnswer(event)?.examples[0]?.payload)} `;
  }

  private answer({ reply }: AsyncApiOperation): Html {
    const events = (reply?.messages ?? []).map(keyOf).filter((key) => key.startsWith(SERVER));
    const named = events.map((key) => key.slice(SERVER.length)).filter((event) => event !== 'error');
    return named.length > 0
      ? html`<p>The acknowledgement; without a callback, and on a plain WebSocket, ${named.map(link)}.</p>`
      : html`<p>The acknowledgement; on a plain WebSocket <code>success</code> with the same data.</p>`;
  }

  private plainAnswer(event: string): AsyncApiMessage | undefined {
    const [answer] = this.document.operations[`ws.client.${event}`]?.reply?.messages ?? [];
    return answer && this.messages[keyOf(answer)];
  }

  private serverEvent(event: string): Html {
    const message = this.messages[`server.${event}`];
    if (!message) return html``;
    return html`<h3 id="server-${event}"><code>${event}</code></h3>
      <p>${prose(message.summary)}. ${prose(message.description ?? '')}</p>
      <p><small>To: ${prose(message['x-to'] ?? '')}</small></p>
      <h4>Payload</h4>
      ${fieldsOf(this.resolve(message.payload))}
      <h4>Example: Socket.IO</h4>
      ${json(message.examples[0]?.payload)}
      <h4>Example: plain WebSocket</h4>
      ${json(this.messages[`frame.server.${event}`]?.examples[0]?.payload)} `;
  }

  private errorCodes(codes: readonly string[]): Html {
    const meanings = this.document['x-error-codes'];
    const rows = codes.map(
      (code) =>
        html`<tr>
          <td><code>${code}</code></td>
          <td>${meanings[code] ?? ''}</td>
        </tr> `,
    );
    return html`<table>
      <tbody>
        ${rows}
      </tbody>
    </table>`;
  }

  private object(name: string, schema: JsonSchema): Html {
    return html`<h3 id="object-${name}">${name}</h3>
      <p>${prose(schema.description ?? '')}</p>
      ${schema.oneOf ? schema.oneOf.map(fieldsOf) : fieldsOf(schema)} `;
  }

  private resolve(schema: JsonSchema): JsonSchema {
    return schema.$ref === undefined ? schema : (this.document.components.schemas[keyOf({ $ref: schema.$ref })] ?? {});
  }
}

/** @returns the document as a page that loads nothing: no script, no font, no image */
export const renderPage = (document: AsyncApiDocument): string => new Page(document).render().text;
