# Not installed by .ci/run: the compiler takes 470 MB. Go: its compiler, and a program with goroutines, garbage collection, timers, signals, a server on loopback and a child.
go=$(command -v go || ls /usr/lib/go-*/bin/go 2> /dev/null | head -n 1)
[ -x "$go" ] || { echo "no go compiler"; exit 77; }
export GOCACHE=$PWD/cache GOPATH=$PWD/path GO111MODULE=off GOFLAGS=-p=2 HOME=$PWD
cat > main.go << 'END'
package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"sort"
	"sync"
	"syscall"
	"time"
)

func sum(n int) int {
	results, total := make(chan int), 0
	for i := 0; i < n; i++ {
		go func(i int) { results <- i }(i)
	}
	for i := 0; i < n; i++ {
		total += <-results
	}
	return total
}

func garbage() int {
	var group sync.WaitGroup
	lengths := make([]int, 8)
	for i := range lengths {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			kept := map[int][]byte{}
			for j := 0; j < 20000; j++ {
				kept[j%500] = make([]byte, 1000+j%1000)
			}
			lengths[i] = len(kept)
		}(i)
	}
	group.Wait()
	runtime.GC()
	total := 0
	for _, n := range lengths {
		total += n
	}
	return total
}

func serve() (int, int) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "you asked for %s", r.URL.Path) }))
	defer server.Close()
	var group sync.WaitGroup
	var lock sync.Mutex
	ok, bytes := 0, 0
	for i := 0; i < 50; i++ {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			answer, err := http.Get(fmt.Sprintf("%s/page/%02d", server.URL, i))
			if err != nil {
				fmt.Println(err)
				return
			}
			defer answer.Body.Close()
			body, _ := io.ReadAll(answer.Body)
			lock.Lock()
			ok++
			bytes += len(body)
			lock.Unlock()
		}(i)
	}
	group.Wait()
	return ok, bytes
}

func main() {
	fmt.Println("sum", sum(10000), "garbage", garbage())
	ok, bytes := serve()
	fmt.Println("served", ok, bytes)
	heard := make(chan os.Signal, 1)
	signal.Notify(heard, syscall.SIGUSR1)
	syscall.Kill(os.Getpid(), syscall.SIGUSR1)
	fmt.Println("signal", <-heard)
	start := time.Now()
	ticker := time.NewTicker(10 * time.Millisecond)
	for i := 0; i < 10; i++ {
		<-ticker.C
	}
	fmt.Println("ticks", time.Since(start) >= 90*time.Millisecond)
	select {
	case <-time.After(20 * time.Millisecond):
		fmt.Println("timeout")
	case <-heard:
	}
	output, err := exec.Command("sh", "-c", "echo child; exit 3").Output()
	fmt.Printf("%q %v\n", output, err)
	names := []string{}
	entries, _ := os.ReadDir("/usr/share")
	for _, e := range entries {
		names = append(names, e.Name())
	}
	sort.Strings(names)
	fmt.Println(len(names) > 5, runtime.GOOS, runtime.NumCPU() > 0)
	var p *int
	defer func() { fmt.Println("recovered:", recover()); os.Exit(7) }()
	*p = 1
}
END
"$go" vet main.go && "$go" build -o program main.go || exit 1
./program; echo "status $?"
"$go" version | cut -d ' ' -f 1-2
