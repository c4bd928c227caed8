"""What is known of jobs on the nodes that one may see: events, runs, progress. Neither a party nor a node knows it."""
