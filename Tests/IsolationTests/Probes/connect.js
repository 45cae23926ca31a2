// Tries the connections that are listed, all at once, and prints how each went.
const { readFileSync } = require('fs');
const { connect } = require('net');

for (const line of readFileSync('connections', 'utf8').trim().split('\n')) {
    const [name, host, port] = line.split(' ');
    const say = (result) => { console.log(`probe connect-${name}=${result}`); socket.destroy(); };
    const socket = connect({ host, port, timeout: 1500 });
    socket.once('connect', () => say('open'));
    socket.once('error', (error) => say(error.code));
    socket.once('timeout', () => say('ETIMEDOUT'));
}
