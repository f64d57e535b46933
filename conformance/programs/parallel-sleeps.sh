# One hundred sleeping processes at once.
for i in $(seq 100); do sleep 1 & done
wait
echo "all slept"
jobs -r | wc -l
