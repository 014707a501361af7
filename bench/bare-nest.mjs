/** The limit of a REST send: Nest on Fastify with Nest's own ValidationPipe and the same fields; it stores nothing. */
import 'reflect-metadata';
import { Body, Controller, Module, Post, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { IsOptional, IsString, IsUUID, MaxLength } from 'class-validator';
import { randomUUID } from 'node:crypto';

// Decorators called by hand: this file is not compiled.
class SendDto {}
IsUUID()(SendDto.prototype, 'conversation_id');
IsString()(SendDto.prototype, 'content');
MaxLength(2000)(SendDto.prototype, 'content');
IsOptional()(SendDto.prototype, 'client_message_id');
MaxLength(64)(SendDto.prototype, 'client_message_id');

class SendController {
  send(dto) {
    return { message_id: randomUUID(), created_at: new Date().toISOString(), ...dto };
  }
}
const method = Object.getOwnPropertyDescriptor(SendController.prototype, 'send');
Post('send')(SendController.prototype, 'send', method);
Body()(SendController.prototype, 'send', 0);
Reflect.defineMetadata('design:paramtypes', [SendDto], SendController.prototype, 'send');
Controller('api/v1/messages')(SendController);

class BareModule {}
Module({ controllers: [SendController] })(BareModule);

const app = await NestFactory.create(BareModule, new FastifyAdapter(), { logger: false });
app.useGlobalPipes(new ValidationPipe({ whitelist: true, transform: true }));
await app.listen(0, '127.0.0.1');
process.send({ port: app.getHttpServer().address().port });
process.on('disconnect', () => process.exit(0));
