// Node: fastify, which validates by a schema, and a pool of pg.
import { readFileSync } from 'node:fs'
import Fastify from 'fastify'
import pg from 'pg'

const insert = readFileSync(new URL('insert.sql', import.meta.url), 'utf8')
const string = { type: 'string' }
const integer = { type: 'integer' }
const body = {
  type: 'array',
  items: {
    type: 'object',
    required: ['campaignId', 'sessionId', 'called', 'callTimeStr', 'vdnId', 'callId'],
    properties: {
      campaignId: string, sessionId: string, called: string, callTimeStr: string, callStatus: integer,
      failCode: string, vdnId: integer, callId: string, customField: string, recordPath: string
    }
  }
}
const response = { 200: { type: 'object', properties: { retCode: string, retMsg: string } } }

const pool = new pg.Pool({ min: 16, max: 16, idleTimeoutMillis: 0 })
const app = Fastify({ bodyLimit: 16 << 20, keepAliveTimeout: 600000 })

// The text goes to PostgreSQL as it came; what is parsed is for the validation.  The sender names no type.
app.removeAllContentTypeParsers()
app.addContentTypeParser('*', { parseAs: 'string' }, (request, text, done) => {
  try {
    request.text = text
    done(null, JSON.parse(text))
  } catch (error) {
    done(Object.assign(error, { statusCode: 400 }))
  }
})
app.decorateRequest('text', '')
app.setErrorHandler((error, request, reply) => {
  const status = error.statusCode >= 400 && error.statusCode < 500 ? error.statusCode : 500
  if (status === 500) console.error(error.message)
  reply.code(status).send({ retCode: String(status), retMsg: 'not stored' })
})
app.post('*', { schema: { body, response } }, async (request) => {
  await pool.query({ name: 'store', text: insert, values: [request.text] })
  return { retCode: '0', retMsg: 'success' }
})
process.on('SIGTERM', () => process.exit(0))
await app.listen({ path: process.argv[2], backlog: 4096, writableAll: true, readableAll: true })
