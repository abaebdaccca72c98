import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';
import { SENTENCES } from './api-sentences.ts';
import { errorBody } from './errors.ts';

type Transform = NonNullable<FastifyDynamicSwaggerOptions['transform']>;

/** An operation for the description of the API: what it is for, where it belongs, how it fails. */
export const describeApi: Transform = (operation) => {
  const { schema, url, route } = operation;
  const method = Array.isArray(route.method) ? route.method[0] : route.method;
  const response = { ...(schema.response as object | undefined), default: errorBody };
  const described = {
    ...schema,
    description: schema.description ?? SENTENCES[`${method} ${url}`] ?? '',
    tags: [tagOf(url)],
    response,
  };
  return jsonSchemaTransform({ ...operation, schema: described });
};

/** `/v1/public/mirrors` is of `public`, `/v1/mirrors/:mirror` of `mirrors`, `/lists/:archive` of `lists`. */
function tagOf(url: string): string {
  const [first = '', second = ''] = url.split('/').filter((part) => part !== '' && part !== 'v1');
  const isOfPages = /\.(svg|atom|json)$/.test(url) && !url.startsWith('/v1');
  return isOfPages ? 'public' : first === '' ? second : first;
}
