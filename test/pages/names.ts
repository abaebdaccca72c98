import type { Site } from './site.ts';

/** What people really call themselves, at its longest and strangest, all over a site's first mirrors. */
export function giveOddNames({ sql }: Site): void {
  ODD.forEach(([sponsor, reason], index) => {
    const like = `mirror${index}.%`;
    sql(
      'update mirror set sponsor = ?, contact = ?, contact_public = 1, state_reason = ?, bandwidth = ? where name like ?',
      sponsor,
      `${sponsor} <mirror@example.org>`,
      reason,
      '100 Gbit/s',
      like,
    );
    sql(
      `update mirror_archive set said_event = 'failed', said_reason = ? where mirror like ?`,
      reason,
      like,
    );
    sql('update sighting set reason = ? where mirror like ?', reason, like);
  });
}

const ODD = [
  [
    'Universität für Bodenkultur, Zentraler Informatikdienst, Peter-Jordan-Straße 82',
    'Platte voll',
  ],
  ['جامعة الملك عبد العزيز', 'فشل الاتصال بالخادم: انتهت المهلة'],
  ['האוניברסיטה העברית בירושלים', 'החיבור נכשל'],
  ['東京大学情報基盤センター', 'ディスクの空き容量が不足しています'],
  ['🦄 Unicorn Hosting 🚀🚀🚀', '💥 no space left 💾'],
  [
    'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft',
    'x'.repeat(190),
  ],
] as const;
