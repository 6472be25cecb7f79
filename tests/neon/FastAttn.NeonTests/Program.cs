using System.Diagnostics;
using System.Reflection;
using FastAttn.NeonTests;

// FastAttn.Tests CLASS...: runs the tests of these classes. Last line: "neon: N passed, N failed".
int passed = 0, failed = 0;
foreach (string name in args)
{
    var watch = Stopwatch.StartNew();
    int before = passed + failed;
    foreach (TestCase test in TestCase.Of(typeof(TestCase).Assembly.GetTypes().Single(type => type.Name == name)))
    {
        if (test.Failure() is not Exception failure)
        {
            passed++;
            continue;
        }

        failed++;
        Console.WriteLine($"FAILED {test.Name}: {failure}");
    }

    Console.WriteLine($"{name}: {passed + failed - before} tests, {watch.Elapsed.TotalSeconds:F1} s");
}

Console.WriteLine($"neon: {passed} passed, {failed} failed");
return failed == 0 && passed > 0 ? 0 : 1;
