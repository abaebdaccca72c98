import { setUpPushBench } from '/work/main/test/bench/push/set-up.ts';
import { createSsh2Sender, createFanOut } from '/work/main/libs/trigger/src/index.ts';
const b = await setUpPushBench('prof');
const s = createSsh2Sender({privateKeyPath: b.userKey.path, standing:{spreadMs:0}});
const targets = Array.from({length:200},(_,i)=>b.target(i,{standing:true}));
s.stand(targets);
while(s.standing().open<200) await new Promise(r=>setTimeout(r,20));
const fan = process.argv[2]==='fan';
for (let k=0;k<10;k++){
 const c=process.cpuUsage(); const t=performance.now();
 for(let r=0;r<5;r++){
  if(fan){ const f=createFanOut({sender:s,onState:()=>Promise.resolve()}); for(const t of targets) f.push({key:t.mirror,target:t,command:'sync:token:'+'A'.repeat(900),attempts:0}); await f.idle(); await f.close(); }
  else await Promise.all(targets.map(t=>s.send(t,'sync:token:'+'A'.repeat(900),{deadlineMs:20000})));
 }
 const u=process.cpuUsage(c); console.log((u.user+u.system)/1e6, 'ms/push', (performance.now()-t).toFixed(0),'ms');
}
await s.close(); await b.close();
