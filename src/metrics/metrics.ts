import { collectDefaultMetrics, Counter, Histogram, Gauge, Registry } from 'prom-client';
import { ResponseTimes } from './response-times';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What Prometheus may know: kinds and numbers. No person, conversation or content ever is a label. */
export class Metrics {
  readonly registry = new Registry();
  /** Of HTTP requests, for the statistics. */
  readonly responseTimes = new ResponseTimes();

  private readonly http = this.histogram('messaging_http_request_duration_seconds', 'HTTP requests by route.', [
    'method',
    'route',
    'status',
  ]);
  private readonly events = this.histogram(
    'messaging_socket_event_duration_seconds',
    'Events of sockets, to the answer.',
    ['event', 'outcome'],
  );
  private readonly store = this.histogram('messaging_store_operation_duration_seconds', 'Operations on the store.', []);
  private readonly messages = this.counter('messaging_messages_total', 'Messages stored.', ['type', 'role']);
  private readonly deliveries = this.counter('messaging_deliveries_total', 'Delivery receipts of devices.', []);
  private readonly refusals = this.counter('messaging_rate_limit_refusals_total', 'What a rate limit refused.', [
    'door',
  ]);

  /** The process itself: memory, CPU, event-loop lag. */
  collectProcess(): void {
    collectDefaultMetrics({ register: this.registry });
  }

  /** @param route as registered, with its `:parameters` */
  observeHttp(method: string, route: string, status: number, ms: number): void {
    this.http.observe({ method, route, status: String(status) }, ms / 1000);
    this.responseTimes.observe(ms);
    if (status === 429) this.refusals.inc({ door: 'http' });
  }

  /** @param event a name that has a handler, else `unknown` */
  observeEvent(event: string, outcome: string, ms: number): void {
    this.events.observe({ event, outcome }, ms / 1000);
    if (outcome === 'RATE_LIMITED') this.refusals.inc({ door: 'socket' });
  }

  observeStore(ms: number): void {
    this.store.observe(ms / 1000);
  }

  countMessage(type: string, role: string): void {
    this.messages.inc({ type, role });
  }

  countDelivery(): void {
    this.deliveries.inc();
  }

  /** A number that is read when somebody asks. */
  gauge(name: string, help: string, read: () => number): void {
    const registers = [this.registry];
    const gauge: Gauge = new Gauge({ name, help, registers, collect: () => gauge.set(read()) });
  }

  private histogram<L extends string>(name: string, help: string, labelNames: L[]): Histogram<L> {
    return new Histogram({ name, help, labelNames, buckets: SECONDS, registers: [this.registry] });
  }

  private counter<L extends string>(name: string, help: string, labelNames: L[]): Counter<L> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }
}
