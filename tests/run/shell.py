# SPDX-License-Identifier: BSD-2-Clause
"""shell.py LEAT NAME: a shell in `leat run`, on a terminal, is one as everywhere."""
import os
import sys
import tempfile

from terminal import Terminal

leat, name = sys.argv[1:]
BASH = 'bash --norc --noprofile -i'
ENV = {'PS1': 'P\\$ ', 'SHELL': '/bin/bash', 'HISTFILE': '/dev/null', 'INPUTRC': '/dev/null', 'MY_OWN': 'kept'}


def ok(text):
    print('ok:', text, flush=True)


def say(t, line, *wanted):
    """Types a line; what it prints has to have these, in order. Words are spelt with quotes, so that the echo is not taken for them."""
    t.type(line + '\n')
    for w in wanted:
        t.wait_for(w)


def outer():
    t = Terminal(BASH.split(), env=ENV)
    say(t, 'bind "set enable-bracketed-paste off"; echo rea""dy', 'ready\r\n')
    return t


os.chdir(tempfile.mkdtemp())
here = os.getcwd()

t = outer()
say(t, f'{leat} run -n {name} -- {BASH}', 'bash', 'P# ' if os.geteuid() == 0 else 'P$ ')
say(t, 'echo i""n $LEAT_NAME $MY_OWN $PWD $?', f'in {name} kept {here} 0')
ok('prompt, environment and folder are kept, LEAT_NAME is the daemon')
say(t, 'ip -br link | sed s/lo/is-""lo/', 'is-lo')
ok('the network is leat')
say(t, 'sleep 60')
t.read(0.4)
t.type('\x1a')
t.wait_for('Stopped')
say(t, 'jobs | sed s/Stop/is-st""op/', 'is-stop')
say(t, 'fg', 'sleep 60')
t.read(0.2)
t.type('\x03')
say(t, 'echo s""tatus $?', 'status 130')
ok('jobs are stopped, resumed and interrupted')
say(t, 'sleep 0.3 & wait $!; echo wai""ted $?', 'waited 0')
say(t, 'sh -c "kill -9 \\$\\$"; echo kil""led $?', 'killed 137')
say(t, f'{leat} run -- sh -c "exit 9"; echo nes""ted $?', 'nested 9')
ok('a run in the run has the status of its command')
say(t, 'cat > file', 'cat > file')
t.read(0.5)
t.type('typed\n\x04')
t.read(0.3)
say(t, 'cat file | tr t T', 'Typed')
ok('what is typed reaches programs, to its end')
say(t, 'suspend -f', 'Stopped')
say(t, 'echo out""er $LEAT_NAME.', 'outer .')
say(t, 'fg', BASH)
t.read(0.3)
say(t, 'echo aga""in $LEAT_NAME', f'again {name}')
ok('a suspended shell gives the terminal back, and takes it again')
say(t, 'exit 7', 'exit')
say(t, 'echo r""c $? $LEAT_NAME.', 'rc 7 .')
ok('its status comes out')

say(t, f'{leat} run -n {name} sleep 60')
t.read(0.5)
t.type('\x1a')
t.wait_for('Stopped')
say(t, 'fg', 'sleep 60')
t.read(0.2)
t.type('\x03')
say(t, 'echo r""c $?', 'rc 130')
say(t, f'{leat} run -n {name} sh -c \'kill -TERM $$\'; echo r""c $?', 'rc 143')
ok('a program without a shell is stopped and interrupted, too')
say(t, f'LEAT_NAME={name} {leat} run', 'P')
say(t, 'echo she""ll $0 $LEAT_NAME', f'shell /bin/bash {name}')
t.type('\x04')
say(t, 'echo le""ft $?', 'left 0')
ok('without a command $SHELL runs, and ^D leaves it')
t.type('exit\n')
assert t.status() == 0

# A script has no job control: nobody but `leat run` gives it the terminal back.
with open('script', 'w') as f:
    f.write(f'{leat} run -n {name} -- {BASH}\necho st $?\nread x || echo cannot\necho "got <$x>"\n')
t = Terminal(['sh', 'script'], env=ENV)
t.read(0.5)
say(t, 'echo rea""dy', 'ready\r\n')
say(t, 'exit 3', 'st 3')
say(t, 'line', 'got <line>')
assert t.status() == 0
ok('a script that goes on can read from the terminal')
