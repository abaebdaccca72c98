import assert from 'node:assert/strict';
import { test } from 'node:test';
import { publicAddress } from './public-address.ts';

const urlOf = (http: string | null, rsync: string | null, ...archives: string[]) =>
  publicAddress({ http_url: http, rsync_url: rsync }, 'debian', archives)?.url;
const head = 'project/pushmirror/Release.head';

test("the web address of a mirror with one archive is that archive's", () => {
  assert.equal(urlOf('https://a.example/', null, 'debian'), `https://a.example/${head}`);
  assert.equal(urlOf('https://a.example/pub?x#y', null, 'debian'), `https://a.example/pub/${head}`);
});

test('of several archives it is the one that it names, or the folder above', () => {
  assert.equal(
    urlOf('https://a.example/debian/', null, 'debian', 'other'),
    `https://a.example/debian/${head}`,
  );
  assert.equal(
    urlOf('https://a.example/pub/', null, 'debian', 'other'),
    `https://a.example/pub/debian/${head}`,
  );
});

test('else the rsync module; else nobody can look', () => {
  assert.equal(
    urlOf(null, 'rsync://a.example:99', 'debian'),
    `rsync://a.example:99/debian/${head}`,
  );
  assert.equal(urlOf(null, null, 'debian'), undefined);
});
