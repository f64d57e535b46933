# python3 asyncio: tasks, subprocesses, streams, timers.
export PYTHONDONTWRITEBYTECODE=1
python3 - << 'END'
import asyncio, time
async def worker(n):
    await asyncio.sleep(0.05 * (n % 3)); return n * n
async def echo(r, w):
    while data := await r.readline(): w.write(data.upper()); await w.drain()
    w.close()
async def main():
    print(sum(await asyncio.gather(*(worker(i) for i in range(100)))))
    p = await asyncio.create_subprocess_exec("sort", "-n", stdin=-1, stdout=-1)
    out, _ = await p.communicate(b"3\n1\n2\n"); print(out, p.returncode)
    ps = [await asyncio.create_subprocess_shell(f"sleep 0.1; exit {i}") for i in range(5)]
    print([await p.wait() for p in ps])
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async def client(i):
        r, w = await asyncio.open_connection("127.0.0.1", port)
        w.write(f"hello {i}\n".encode()); answer = await r.readline(); w.close(); return answer
    print(sorted(await asyncio.gather(*(client(i) for i in range(20))))[:3])
    server.close()
    try: await asyncio.wait_for(asyncio.sleep(10), 0.1)
    except asyncio.TimeoutError: print("timeout")
    print(await asyncio.get_running_loop().run_in_executor(None, lambda: "executor"))
asyncio.run(main())
END
