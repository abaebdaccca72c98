import assert from 'node:assert/strict';
import { test } from 'node:test';
import { archiveFolder } from './archive-folder.ts';

test("the web address of a mirror with one archive is that archive's", () => {
  assert.equal(archiveFolder('https://a.example/', 'debian', ['debian']), 'https://a.example/');
  assert.equal(archiveFolder('https://a.example/pub?x#y', 'debian', []), 'https://a.example/pub/');
});

test('of several archives it is the one that it names, or the folder above', () => {
  const two = ['debian', 'other'];
  assert.equal(
    archiveFolder('https://a.example/debian/', 'debian', two),
    'https://a.example/debian/',
  );
  assert.equal(
    archiveFolder('https://a.example/pub/', 'debian', two),
    'https://a.example/pub/debian/',
  );
});
