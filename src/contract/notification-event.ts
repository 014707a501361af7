/** Redis channel that notification-service listens on (contract 8). */
export const NOTIFICATION_CHANNEL = 'presencepro_events';

/** What notification-service e-mails when it carries an address. Dates are ISO 8601 UTC with milliseconds. */
export interface NotificationEvent {
  event_type: 'message_received';
  source_service: 'messaging-service';
  timestamp: string;
  data: {
    message_id: string;
    sender_id: string;
    sender_name: string;
    recipient_id: string;
    recipient_name: string;
    recipient_email: string | null;
    /** Empty unless NOTIFICATION_CONTENT is `full`. */
    content: string;
    sent_at: string;
  };
}
