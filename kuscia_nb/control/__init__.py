"""What a Kuscia node does with a job: its resources, reading a manifest, and the environment a task's program gets.

The words, defaults, checks and error texts are Kuscia's; each module names the part of the specification it follows.
"""
