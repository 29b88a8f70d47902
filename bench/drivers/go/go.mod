module bench/calls

go 1.21
