/** The one place where a Socket.IO room name is spelled. A room reaches devices; it never grants access. */
export const userRoom = (userId: string): string => `user:${userId}`;
