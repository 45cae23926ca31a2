// Answers what it finds, and attacks from an instance when it is asked to.
const { execFile, spawn } = require('child_process');
const { randomUUID } = require('crypto');

const boot = randomUUID();
const attacks = {
    '/hog': () => { for (const kept = []; ;) kept.push(Buffer.alloc(1 << 20, 1)); },
    '/hog-beside': () => spawn('perl', ['-e', '$x .= "x" x 1e7 while 1'], { stdio: 'ignore' }),
    '/bomb': () => spawn('perl', ['-e', 'fork while 1'], { stdio: 'ignore' }),
    '/yes': () => spawn('yes', ['x'.repeat(200)], { stdio: 'inherit' }),
    '/calm': () => spawn('pkill', ['-KILL', 'yes']),
};
require('http').createServer((request, response) => {
    if (request.url === '/probe') {
        return execFile('sh', ['probe.sh'], (error, output, errors) => response.end(output + errors));
    }
    if (request.url === '/boot') return response.end(boot);
    response.end('up', attacks[request.url]);
}).listen(process.env.PORT);
